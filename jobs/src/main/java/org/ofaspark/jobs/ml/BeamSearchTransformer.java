package org.ofaspark.jobs.ml;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.ofaspark.config.Text;

/**
 * A transformer with the parameters of beam search, under the words of recipes: {@code maxLenB} is
 * {@code generate.max-len-b}. Their ranges stand in conf/base.conf; what is not set is as in the
 * model's recipe.
 *
 * @param <T> the transformer
 */
public abstract class BeamSearchTransformer<T extends BeamSearchTransformer<T>>
    extends Transformer {

  private static final long serialVersionUID = 1;

  private final String uid;
  private final IntParam beam;
  private final DoubleParam maxLenA;
  private final IntParam maxLenB;
  private final IntParam minLen;
  private final DoubleParam lenpen;
  private final BooleanParam unnormalized;
  private final DoubleParam unkpen;
  private final DoubleParam temperature;
  private final IntParam noRepeatNgramSize;

  BeamSearchTransformer(String uid) {
    this.uid = uid; // before any parameter, which asks for it
    beam = new IntParam(this, "beam", "hypotheses kept of each answer");
    maxLenA = new DoubleParam(this, "maxLenA", "longest answer, in tokens for each of the source");
    maxLenB = new IntParam(this, "maxLenB", "longest answer in tokens, added to that of maxLenA");
    minLen = new IntParam(this, "minLen", "shortest answer in tokens");
    lenpen = new DoubleParam(this, "lenpen", "exponent of the length that scores are divided by");
    unnormalized =
        new BooleanParam(this, "unnormalized", "whether scores are not divided by lengths at all");
    unkpen = new DoubleParam(this, "unkpen", "taken off the unknown symbol's log-probability");
    temperature = new DoubleParam(this, "temperature", "logits are divided by this");
    noRepeatNgramSize =
        new IntParam(
            this,
            "noRepeatNgramSize",
            "no n-gram of this size comes twice in an answer; 0: no rule");
  }

  @Override
  public final String uid() {
    return uid;
  }

  /** Sets a parameter. */
  @SuppressWarnings("unchecked") // T is this class
  final <V> T with(Param<V> param, V value) {
    set(param, value);
    return (T) this;
  }

  /** Returns what overrides the model's recipe. */
  List<String> overrides() {
    List<String> overrides = new ArrayList<>();
    for (Param<?> param :
        List.of(
            beam,
            maxLenA,
            maxLenB,
            minLen,
            lenpen,
            unnormalized,
            unkpen,
            temperature,
            noRepeatNgramSize)) {
      addIfSet(overrides, "generate." + kebab(param.name()), param);
    }
    return overrides;
  }

  final void addIfSet(List<String> overrides, String key, Param<?> param) {
    if (isSet(param)) {
      overrides.add(Text.format("%s=%s", key, getOrDefault(param)));
    }
  }

  private static String kebab(String name) {
    return name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
  }

  /** Returns the parameter of {@code generate.beam}. */
  public final IntParam beam() {
    return beam;
  }

  /** Sets {@code generate.beam}. */
  public final T setBeam(int value) {
    return with(beam, value);
  }

  /** Returns the parameter of {@code generate.max-len-a}. */
  public final DoubleParam maxLenA() {
    return maxLenA;
  }

  /** Sets {@code generate.max-len-a}. */
  public final T setMaxLenA(double value) {
    return with(maxLenA, value);
  }

  /** Returns the parameter of {@code generate.max-len-b}. */
  public final IntParam maxLenB() {
    return maxLenB;
  }

  /** Sets {@code generate.max-len-b}. */
  public final T setMaxLenB(int value) {
    return with(maxLenB, value);
  }

  /** Returns the parameter of {@code generate.min-len}. */
  public final IntParam minLen() {
    return minLen;
  }

  /** Sets {@code generate.min-len}. */
  public final T setMinLen(int value) {
    return with(minLen, value);
  }

  /** Returns the parameter of {@code generate.lenpen}. */
  public final DoubleParam lenpen() {
    return lenpen;
  }

  /** Sets {@code generate.lenpen}. */
  public final T setLenpen(double value) {
    return with(lenpen, value);
  }

  /** Returns the parameter of {@code generate.unnormalized}. */
  public final BooleanParam unnormalized() {
    return unnormalized;
  }

  /** Sets {@code generate.unnormalized}. */
  public final T setUnnormalized(boolean value) {
    return with(unnormalized, value);
  }

  /** Returns the parameter of {@code generate.unkpen}. */
  public final DoubleParam unkpen() {
    return unkpen;
  }

  /** Sets {@code generate.unkpen}. */
  public final T setUnkpen(double value) {
    return with(unkpen, value);
  }

  /** Returns the parameter of {@code generate.temperature}. */
  public final DoubleParam temperature() {
    return temperature;
  }

  /** Sets {@code generate.temperature}. */
  public final T setTemperature(double value) {
    return with(temperature, value);
  }

  /** Returns the parameter of {@code generate.no-repeat-ngram-size}. */
  public final IntParam noRepeatNgramSize() {
    return noRepeatNgramSize;
  }

  /** Sets {@code generate.no-repeat-ngram-size}. */
  public final T setNoRepeatNgramSize(int value) {
    return with(noRepeatNgramSize, value);
  }
}
