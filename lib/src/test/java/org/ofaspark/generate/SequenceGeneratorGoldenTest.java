package org.ofaspark.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.golden.Golden;
import org.ofaspark.golden.GoldenModel;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.model.OfaConfig;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.text.ConstraintRange;

/** Every hypothesis of every case against upstream's. */
class SequenceGeneratorGoldenTest {

  private final NDManager manager = TestDevice.newManager();
  private final OfaConfig config = GoldenModel.config();
  private final OfaModel model = new OfaModel(config, manager);
  private final StateDict state = GoldenModel.state(config, manager);

  @AfterEach
  void close() {
    state.close();
    model.close();
    manager.close();
  }

  static Stream<Arguments> cases() {
    return cases("generate/hypotheses.json");
  }

  static Stream<Arguments> casesThatEndEarly() {
    return cases("generate/eos_hypotheses.json");
  }

  private static Stream<Arguments> cases(String file) {
    return Golden.object(file).getAsJsonArray("cases").asList().stream()
        .map(JsonElement::getAsJsonObject)
        .map(
            test ->
                Arguments.of(
                    "%s %s %s"
                        .formatted(
                            test.get("batch"), test.get("gen_args"), test.get("constraint_range")),
                    test));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void hypothesesEqualUpstream(String name, JsonObject test) {
    assertHypotheses(Golden.tensors("generate/batches.safetensors"), test);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("casesThatEndEarly")
  void hypothesesOfDifferentLengthEqualUpstream(String name, JsonObject test) {
    Golden.Tensors batches = Golden.tensors("generate/eos_batches.safetensors");
    GoldenModel.override(state, batches);
    assertHypotheses(batches, test);
  }

  private void assertHypotheses(Golden.Tensors batches, JsonObject test) {
    MicroBatch batch = GoldenModel.batch(batches, test.get("batch").getAsString() + ".");
    List<String> ids = IntStream.range(0, batch.size()).mapToObj(String::valueOf).toList();
    var generator =
        new SequenceGenerator(model, state, generateConfig(test), 0, config.maxTargetPositions());

    List<List<Hypothesis>> found = generator.generate(batch, ids);

    JsonArray expected = test.getAsJsonArray("hypotheses");
    assertThat(found).hasSize(expected.size());
    for (int i = 0; i < expected.size(); i++) {
      JsonArray hypotheses = expected.get(i).getAsJsonArray();
      assertThat(found.get(i)).hasSize(hypotheses.size());
      for (int k = 0; k < hypotheses.size(); k++) {
        JsonObject hypothesis = hypotheses.get(k).getAsJsonObject();
        Hypothesis ours = found.get(i).get(k);
        List<JsonElement> tokens = hypothesis.getAsJsonArray("tokens").asList();
        assertThat(ours.tokens())
            .containsExactlyElementsOf(tokens.stream().map(JsonElement::getAsInt).toList());
        assertThat((double) ours.score())
            .isCloseTo(hypothesis.get("score").getAsDouble(), within(1e-4));
        JsonArray positional = hypothesis.getAsJsonArray("positional_scores");
        for (int t = 0; t < positional.size(); t++) {
          assertThat((double) ours.positionalScores().get(t))
              .isCloseTo(positional.get(t).getAsDouble(), within(1e-4));
        }
      }
    }
  }

  /** Upstream's defaults, and what the case changes. */
  private static GenerateConfig generateConfig(JsonObject test) {
    JsonObject args = test.getAsJsonObject("gen_args");
    Optional<ConstraintRange> range = Optional.empty();
    if (!test.get("constraint_range").isJsonNull()) {
      String[] bounds = test.get("constraint_range").getAsString().split(",", -1);
      range =
          Optional.of(
              new ConstraintRange(Integer.parseInt(bounds[0]), Integer.parseInt(bounds[1])));
    }
    return new GenerateConfig(
        (int) number(args, "beam", 5),
        number(args, "max_len_a", 0),
        (int) number(args, "max_len_b", 200),
        (int) number(args, "min_len", 1),
        number(args, "lenpen", 1),
        args.has("unnormalized") && args.get("unnormalized").getAsBoolean(),
        number(args, "unkpen", 0),
        number(args, "temperature", 1),
        (int) number(args, "no_repeat_ngram_size", 0),
        range,
        false,
        Sampling.OFF);
  }

  private static double number(JsonObject args, String name, double otherwise) {
    return args.has(name) ? args.get(name).getAsDouble() : otherwise;
  }
}
