package org.ofaspark.criterion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.ofaspark.golden.Golden;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.text.ConstraintRange;

/** Losses and gradients of every option against upstream's, as it is and as it is meant. */
class CriterionGoldenTest {

  private static final JsonObject GOLDEN = Golden.object("criterion/cases.json");
  private static final Golden.Tensors TENSORS = Golden.tensors("criterion/tensors.safetensors");

  private final NDManager manager = TestDevice.newManager();

  @AfterEach
  void close() {
    manager.close();
  }

  static Stream<Arguments> cases() {
    return GOLDEN.getAsJsonArray("cases").asList().stream()
        .map(JsonElement::getAsJsonObject)
        .filter(test -> !test.has("exception") || test.get("exception").isJsonNull())
        .map(test -> Arguments.of(test.get("name").getAsString(), test));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void lossAndGradientEqualUpstream(String name, JsonObject test) {
    Golden.Tensor golden = TENSORS.get(test.get("logits").getAsString());
    long[] shape = golden.shape(); // (B, T, V), or (2 B, T, V) with R-Drop
    float scale = test.get("logits_scale").getAsFloat();
    boolean half = test.get("logits_fp16").getAsBoolean();
    long[] targets = TENSORS.get(test.get("target").getAsString()).longs();
    int samples = (int) shape[0];
    int vocabulary = (int) shape[2];
    long[] all = repeat(targets, (int) (shape[0] * shape[1]) / targets.length);
    CriterionConfig config = config(test);
    TargetRows rows = TargetRows.of(all, samples, config);
    NDArray logits =
        manager.create(golden.floats(), new Shape(shape[0] * shape[1], vocabulary)).mul(scale);
    NDArray chosen = logits.get(manager.create(rows.rows()));
    NDArray typed = half ? chosen.toType(DataType.FLOAT16, true) : chosen;
    long ntokens = LongStream.of(all).filter(token -> token != 1).count();

    CriterionOutput output =
        new Criterion(config)
            .apply(typed, rows, ntokens, samples, test.get("update_num").getAsLong());

    JsonObject logging = test.getAsJsonObject("logging");
    LossSums sums = output.sums().read();
    assertRelative(test.get("loss").getAsDouble(), sums.loss(), "loss");
    assertRelative(logging.get("nll_loss").getAsDouble(), sums.nllLoss(), "nll_loss");
    assertThat(sums.sampleSize()).isEqualTo(test.get("sample_size").getAsLong());
    assertThat(sums.ntokens()).isEqualTo(logging.get("ntokens").getAsLong());
    assertThat(sums.nsentences()).isEqualTo(logging.get("nsentences").getAsLong());
    if (logging.has("n_correct")) {
      assertThat((long) sums.get(LossSums.CORRECT)).isEqualTo(logging.get("n_correct").getAsLong());
      assertThat(sums.total()).isEqualTo(logging.get("total").getAsLong());
    }
    double tolerance = half ? 1e-3 : scale > 1 ? 1e-4 : 1e-5;
    assertGradient(TENSORS.get("grad." + name), output.gradient(), rows, tolerance);
  }

  /** Rows that do not count have no gradient. */
  private void assertGradient(
      Golden.Tensor golden, NDArray gradient, TargetRows rows, double tolerance) {
    float[] actual = gradient.toFloatArray();
    double[] expected = golden.values();
    int vocabulary = (int) golden.shape()[2];
    boolean[] counted = new boolean[expected.length / vocabulary];
    long[] numbers = rows.rows();
    double worst = 0;
    for (int i = 0; i < numbers.length; i++) {
      counted[(int) numbers[i]] = true;
      for (int v = 0; v < vocabulary; v++) {
        double difference =
            actual[i * vocabulary + v] - expected[(int) numbers[i] * vocabulary + v];
        worst = Math.max(worst, Math.abs(difference));
        assertThat(difference).isNotNaN();
      }
    }
    assertThat(worst).isLessThanOrEqualTo(tolerance);
    assertThat(
            IntStream.range(0, expected.length)
                .filter(i -> !counted[i / vocabulary])
                .allMatch(i -> expected[i] == 0))
        .isTrue();
  }

  @Test
  void keptTokensAreRoundedAsUpstream() {
    JsonObject table = GOLDEN.getAsJsonObject("kept_tokens_k=int(n*(1-ratio))");
    for (var entry : table.entrySet()) {
      var drop = new Drop(Double.parseDouble(entry.getKey()), 0, Drop.Scope.TOKEN);
      JsonArray expected = entry.getValue().getAsJsonArray();
      for (int tokens = 0; tokens < expected.size(); tokens++) {
        assertThat(drop.kept(tokens))
            .as("%s of %d", drop, tokens)
            .isEqualTo(expected.get(tokens).getAsInt());
      }
    }
  }

  @Test
  void lossOfEachTokenEqualsUpstream() {
    JsonObject golden = GOLDEN.getAsJsonObject("per_token(eps0.1)");
    double[] losses = numbers(golden.getAsJsonArray("token_loss"));
    double[] nll = numbers(golden.getAsJsonArray("token_nll"));
    Golden.Tensor tensor = TENSORS.get("logits");
    int vocabulary = (int) tensor.shape()[2];
    int samples = (int) tensor.shape()[0];
    var config = CriterionConfig.plain(new CrossEntropy(0.1));
    TargetRows rows = TargetRows.of(TENSORS.get("target").longs(), samples, config);
    NDArray logits =
        manager
            .create(tensor.floats(), new Shape(tensor.shape()[0] * tensor.shape()[1], vocabulary))
            .get(manager.create(rows.rows()));

    TokenLosses ours = new Criterion(config).tokenLosses(logits, rows);

    assertThat(ours.size()).isEqualTo(losses.length);
    for (int i = 0; i < losses.length; i++) {
      assertThat(ours.term(i, 0)).isCloseTo(losses[i], within(1e-5 * Math.abs(losses[i])));
      assertThat(ours.nll(i)).isCloseTo(nll[i], within(1e-5 * Math.abs(nll[i]) + 1e-6));
    }
  }

  private static CriterionConfig config(JsonObject test) {
    JsonObject options = test.getAsJsonObject("options");
    boolean meant = test.has("drop_best_passed_to_label_smoothed_nll_loss");
    JsonObject best =
        meant ? test.getAsJsonObject("drop_best_passed_to_label_smoothed_nll_loss") : options;
    boolean encouraging = test.get("criterion").getAsString().equals("el");
    Optional<ConstraintRange> range = Optional.empty();
    if (!options.get("constraint_range").isJsonNull()) {
      String[] bounds = options.get("constraint_range").getAsString().split(",", -1);
      range =
          Optional.of(
              new ConstraintRange(Integer.parseInt(bounds[0]), Integer.parseInt(bounds[1])));
    }
    double smoothing = options.get("label_smoothing").getAsDouble();
    return new CriterionConfig(
        encouraging
            ? new EncouragingLoss(smoothing, options.get("log_end").getAsDouble())
            : new CrossEntropy(smoothing),
        new Drop(
            options.get("drop_worst_ratio").getAsDouble(),
            options.get("drop_worst_after").getAsLong(),
            Drop.Scope.TOKEN),
        encouraging
            ? new Drop(
                best.get("drop_best_ratio").getAsDouble(),
                best.get("drop_best_after").getAsLong(),
                Drop.Scope.TOKEN)
            : Drop.NONE,
        options.get("use_rdrop").getAsBoolean(),
        options.get("use_rdrop").getAsBoolean() ? options.get("reg_alpha").getAsDouble() : 1,
        options.get("ignore_eos").getAsBoolean(),
        options.get("ignore_prefix_size").getAsInt(),
        options.get("sentence_avg").getAsBoolean(),
        range,
        !test.get("kind").getAsString().startsWith("(b)"));
  }

  private static long[] repeat(long[] values, int times) {
    return IntStream.range(0, times).boxed().flatMapToLong(i -> LongStream.of(values)).toArray();
  }

  private static double[] numbers(JsonArray array) {
    return array.asList().stream().mapToDouble(JsonElement::getAsDouble).toArray();
  }

  private static void assertRelative(double expected, double actual, String what) {
    assertThat(actual).as(what).isCloseTo(expected, within(1e-5 * Math.abs(expected)));
  }
}
