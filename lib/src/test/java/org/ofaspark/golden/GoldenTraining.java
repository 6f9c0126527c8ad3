package org.ofaspark.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.ofaspark.criterion.CriterionConfig;
import org.ofaspark.criterion.CrossEntropy;
import org.ofaspark.criterion.Drop;
import org.ofaspark.criterion.EncouragingLoss;
import org.ofaspark.model.OfaConfig;
import org.ofaspark.nn.StateDict;
import org.ofaspark.nn.TensorSpec;
import org.ofaspark.optim.OptimizerConfig;
import org.ofaspark.train.UpdateOutcome;

/** The settings and the results of upstream's Trainer on the golden model. */
public final class GoldenTraining {

  /** The golden notes' tolerance of parameters, relative L2 of a tensor. */
  private static final double PARAMETER_TOLERANCE = 1e-3;

  /** The golden notes' tolerance of running statistics, relative L2 of a tensor. */
  private static final double STATISTIC_TOLERANCE = 5e-3;

  private GoldenTraining() {}

  /** Reads the optimizer's settings, the same for all runs. */
  public static OptimizerConfig optimizer() {
    JsonObject trainer = Golden.object("optim/trainer.json");
    JsonObject adam = trainer.getAsJsonObject("adam");
    String ratio =
        trainer.get("schedule").getAsString().replaceAll(".*warmup_ratio ([0-9.]+),.*", "$1");
    return new OptimizerConfig(
        adam.get("lr").getAsDouble(),
        0,
        1,
        Double.parseDouble(ratio),
        1_000_000,
        adam.getAsJsonArray("betas").asList().stream().map(JsonElement::getAsDouble).toList(),
        adam.get("eps").getAsDouble(),
        adam.get("weight_decay").getAsDouble(),
        trainer.get("clip_norm").getAsDouble());
  }

  /** Reads a run's criterion: the model's, with what the run changes. */
  public static CriterionConfig criterion(JsonObject run) {
    JsonObject args = Golden.object("model/config.json").getAsJsonObject("args");
    JsonObject changes = run.getAsJsonObject("criterion");
    changes.entrySet().forEach(entry -> args.add(entry.getKey(), entry.getValue()));
    boolean encouraging = args.get("criterion").getAsString().endsWith("encouraging_loss");
    Drop best = Drop.NONE;
    if (run.get("drop_best_passed(as meant)").isJsonArray()) {
      var passed = run.getAsJsonArray("drop_best_passed(as meant)");
      best = new Drop(passed.get(0).getAsDouble(), passed.get(1).getAsLong(), Drop.Scope.TOKEN);
    }
    double smoothing = args.get("label_smoothing").getAsDouble();
    return new CriterionConfig(
        encouraging
            ? new EncouragingLoss(smoothing, args.get("log_end").getAsDouble())
            : new CrossEntropy(smoothing),
        new Drop(
            args.get("drop_worst_ratio").getAsDouble(),
            args.get("drop_worst_after").getAsLong(),
            Drop.Scope.TOKEN),
        best,
        false,
        1,
        false,
        0,
        false,
        Optional.empty(),
        false);
  }

  /** Returns the golden model's sizes, maybe with its embedding kept as it is. */
  public static OfaConfig config(boolean freezeEmbedding) {
    OfaConfig config = GoldenModel.config();
    return new OfaConfig(
        config.embedDim(),
        config.encoder(),
        config.decoder(),
        config.resnet(),
        config.tokenBucketSize(),
        config.imageBucketSize(),
        config.attnScaleFactor(),
        config.maxSourcePositions(),
        config.maxTargetPositions(),
        0,
        0,
        freezeEmbedding);
  }

  /** Asserts that an update did what upstream's did. */
  public static void assertStep(JsonObject step, JsonObject logged, UpdateOutcome outcome) {
    assertThat(outcome).isInstanceOf(UpdateOutcome.Applied.class);
    var applied = (UpdateOutcome.Applied) outcome;
    JsonObject unrounded = step.getAsJsonObject("unrounded");
    var sums = applied.sums();
    assertThat(sums.loss() / sums.sampleSize())
        .isCloseTo(unrounded.get("loss").getAsDouble(), within(1e-4));
    assertThat(sums.nllLoss() / sums.sampleSize())
        .isCloseTo(unrounded.get("nll_loss").getAsDouble(), within(1e-4));
    double norm = unrounded.get("gnorm").getAsDouble();
    assertThat(applied.gradientNorm()).isCloseTo(norm, within(1e-4 * norm));
    assertThat(applied.learningRate()).isCloseTo(step.get("lr_used").getAsDouble(), within(1e-12));
    assertThat(sums.sampleSize()).isEqualTo(logged.get("sample_size").getAsLong());
    assertThat(sums.ntokens()).isEqualTo(logged.get("ntokens").getAsLong());
    assertThat(applied.updateNumber()).isEqualTo(step.get("update").getAsLong() + 1);
  }

  /** Asserts that all tensors with a prefix equal upstream's after training. */
  public static void assertParameters(StateDict state, Golden.Tensors golden, String prefix) {
    Set<String> ours = state.specs().stream().map(TensorSpec::name).collect(Collectors.toSet());
    int compared = 0;
    for (String tensor : golden.names()) {
      String name = tensor.substring(Math.min(tensor.length(), prefix.length()));
      if (!tensor.startsWith(prefix)) {
        continue;
      }
      if (name.endsWith("num_batches_tracked")) {
        assertThat(state.batchesTracked()).isEqualTo(golden.get(tensor).longs()[0]);
      } else if (ours.contains(name)) {
        assertClose(state, name, golden.get(tensor));
        compared++;
      } else { // upstream's second and third name of the embedding, and version numbers
        assertThat(name)
            .matches(".*\\.version|decoder\\.(embed_tokens|output_projection)\\.weight|.*_idx");
      }
    }
    assertThat(compared).isPositive();
  }

  /** Asserts that a tensor equals upstream's after training, within the golden notes' tolerance. */
  public static void assertClose(StateDict state, String name, Golden.Tensor expected) {
    if (isNoise(name)) {
      return;
    }
    float[] actual = state.get(name);
    double[] values = expected.values();
    assertThat(actual).as(name).hasSize(values.length);
    double difference = 0;
    double norm = 0;
    for (int i = 0; i < values.length; i++) {
      difference += (actual[i] - values[i]) * (actual[i] - values[i]);
      norm += values[i] * values[i];
    }
    assertThat(Math.sqrt(difference / norm)).as(name).isLessThanOrEqualTo(tolerance(name));
  }

  /** Returns the tolerance of a tensor. */
  public static double tolerance(String name) {
    return name.contains(".running_") ? STATISTIC_TOLERANCE : PARAMETER_TOLERANCE;
  }

  /** Tells whether a tensor's true gradient is 0, so that Adam makes steps of rounding noise. */
  public static boolean isNoise(String name) {
    return name.endsWith("k_proj.bias") || name.endsWith("pos_k_linear.bias");
  }
}
