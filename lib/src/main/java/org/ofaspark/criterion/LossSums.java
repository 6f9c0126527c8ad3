package org.ofaspark.criterion;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Sums over the tokens of one or more micro-batches, by name. Sums of different micro-batches and
 * ranks add up. The names of every objective are upstream's:
 *
 * <pre>
 *   loss         the loss that is minimized, in nats
 *   nll_loss     negative log-likelihood of the kept tokens, in nats
 *   sample_size  the gradient's denominator: kept tokens, or samples with sentence-avg
 *   ntokens      target tokens before any are left out
 *   nsentences   samples; each counts twice with R-Drop, as upstream
 *   n_correct    tokens whose target has the largest logit, of those not ignored
 *   total        tokens not ignored
 * </pre>
 *
 * {@link Objective#sums} names more, of the kept tokens, each once for each pass with R-Drop.
 *
 * @param byName the sums; one that is not there is 0
 */
public record LossSums(Map<String, Double> byName) {

  /** No micro-batch at all. */
  public static final LossSums NONE = new LossSums(Map.of());

  private static final String LOSS = "loss";
  private static final String NLL_LOSS = "nll_loss";
  private static final String SAMPLE_SIZE = "sample_size";
  private static final String NTOKENS = "ntokens";
  private static final String NSENTENCES = "nsentences";
  static final String CORRECT = "n_correct";
  private static final String TOTAL = "total";

  /** Copies the map. */
  public LossSums {
    byName = Collections.unmodifiableMap(new LinkedHashMap<>(byName));
  }

  /**
   * Returns the sums of every objective.
   *
   * @param loss the loss that is minimized
   * @param nllLoss negative log-likelihood
   * @param sampleSize the gradient's denominator
   * @param ntokens target tokens before any are left out
   * @param nsentences samples
   * @param correct tokens whose target has the largest logit
   * @param total tokens not ignored
   */
  public static LossSums of(
      double loss,
      double nllLoss,
      long sampleSize,
      long ntokens,
      long nsentences,
      long correct,
      long total) {
    Map<String, Double> sums = new LinkedHashMap<>();
    sums.put(LOSS, loss);
    sums.put(NLL_LOSS, nllLoss);
    sums.put(SAMPLE_SIZE, (double) sampleSize);
    sums.put(NTOKENS, (double) ntokens);
    sums.put(NSENTENCES, (double) nsentences);
    sums.put(CORRECT, (double) correct);
    sums.put(TOTAL, (double) total);
    return new LossSums(sums);
  }

  /**
   * Reads the form that {@link #toArray} writes.
   *
   * @param names names of the sums
   * @param values a value for each of them
   */
  public static LossSums of(List<String> names, double[] values) {
    Map<String, Double> sums = new LinkedHashMap<>();
    for (int i = 0; i < values.length; i++) {
      sums.put(names.get(i), values[i]);
    }
    return new LossSums(sums);
  }

  /**
   * Returns all names of the sums of an objective, in the order in which ranks add them.
   *
   * @param objective what is minimized
   */
  static List<String> names(Objective objective) {
    List<String> names = new ArrayList<>(of(0, 0, 0, 0, 0, 0, 0).byName().keySet());
    names.addAll(objective.sums());
    return List.copyOf(names);
  }

  /**
   * Adds two sums.
   *
   * @param other the other
   */
  public LossSums plus(LossSums other) {
    Map<String, Double> sums = new LinkedHashMap<>(byName);
    other.byName.forEach((name, value) -> sums.merge(name, value, Double::sum));
    return new LossSums(sums);
  }

  /**
   * Returns the sums as one array, the form in which ranks add them.
   *
   * @param names which, in which order
   */
  public double[] toArray(List<String> names) {
    return names.stream().mapToDouble(this::get).toArray();
  }

  /**
   * Returns a sum.
   *
   * @param name its name
   */
  public double get(String name) {
    return byName.getOrDefault(name, 0.0);
  }

  /** Returns the loss that is minimized, in nats. */
  public double loss() {
    return get(LOSS);
  }

  /** Returns the negative log-likelihood of the kept tokens, in nats. */
  public double nllLoss() {
    return get(NLL_LOSS);
  }

  /** Returns the gradient's denominator: kept tokens, or samples with sentence-avg. */
  public long sampleSize() {
    return (long) get(SAMPLE_SIZE);
  }

  /** Returns the target tokens before any are left out. */
  public long ntokens() {
    return (long) get(NTOKENS);
  }

  /** Returns the samples. */
  public long nsentences() {
    return (long) get(NSENTENCES);
  }

  /** Returns the tokens not ignored. */
  public long total() {
    return (long) get(TOTAL);
  }

  /** Returns the share of tokens predicted right, 0 to 1; NaN without tokens. */
  public double accuracy() {
    return get(CORRECT) / get(TOTAL);
  }
}
