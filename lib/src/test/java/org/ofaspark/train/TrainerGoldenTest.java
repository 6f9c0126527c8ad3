package org.ofaspark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.ofaspark.collective.InProcessGang;
import org.ofaspark.collective.SingleRank;
import org.ofaspark.collective.WireFormat;
import org.ofaspark.criterion.Criterion;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.golden.Golden;
import org.ofaspark.golden.GoldenModel;
import org.ofaspark.golden.GoldenParallelRun;
import org.ofaspark.golden.GoldenTraining;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.model.OfaConfig;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.nn.TensorSpec.Role;
import org.ofaspark.tensor.Autograd;

/** Whole updates against upstream's Trainer, in one process and in two. */
class TrainerGoldenTest {

  private static final Golden.Tensors TRAINER = Golden.tensors("optim/trainer.safetensors");

  private final NDManager manager = TestDevice.newManager();

  @AfterEach
  void close() {
    manager.close();
  }

  static List<String> runs() {
    return List.copyOf(Golden.object("optim/trainer.json").getAsJsonObject("runs").keySet());
  }

  static List<String> parallelRuns() {
    return GoldenParallelRun.names();
  }

  @ParameterizedTest
  @MethodSource("runs")
  void updatesEqualUpstream(String name) {
    JsonObject run =
        Golden.object("optim/trainer.json").getAsJsonObject("runs").getAsJsonObject(name);
    int frequency = run.get("update_freq").getAsInt();
    JsonArray steps = run.getAsJsonArray("steps");
    OfaConfig config = GoldenTraining.config(name.contains("frozen"));
    try (var model = new OfaModel(config, manager);
        var state = GoldenModel.state(config, manager);
        var trainer =
            new Trainer(
                model,
                state,
                new Criterion(GoldenTraining.criterion(run)),
                GoldenTraining.optimizer(),
                steps.size(),
                new SingleRank(),
                Numerics.float32(1))) {
      for (int u = 0; u < steps.size(); u++) {
        List<MicroBatch> batches = new ArrayList<>();
        for (int i = 0; i < frequency; i++) {
          batches.add(GoldenModel.batch(TRAINER, "batch%d/".formatted(u * frequency + i)));
        }
        JsonObject step = steps.get(u).getAsJsonObject();
        GoldenTraining.assertStep(step, step.getAsJsonObject("logged"), trainer.update(batches));
      }
      GoldenTraining.assertParameters(state, TRAINER, name + "/");
      assertNorms(state, run.getAsJsonObject("param_l2_after"));
    }
  }

  @ParameterizedTest
  @MethodSource("parallelRuns")
  void twoRanksEqualUpstreamsTwoProcesses(String name) throws Exception {
    var gang = new InProcessGang(2, WireFormat.FP32, Duration.ofMinutes(1));

    onTwoThreads(
        rank -> {
          GoldenParallelRun.assertRank(gang.join(rank), name);
          return null;
        });
  }

  @Test
  void gradientsEqualUpstream() {
    JsonObject golden = Golden.object("model/train.json");
    Golden.Tensors gradients = Golden.tensors("model/train_grads.safetensors");
    OfaConfig config = GoldenTraining.config(false);
    Set<String> without = new HashSet<>();
    golden.getAsJsonArray("no_grad_params").forEach(name -> without.add(name.getAsString()));
    var uf1 = Golden.object("optim/trainer.json").getAsJsonObject("runs").getAsJsonObject("uf1");
    try (var model = new OfaModel(config, manager);
        var state = GoldenModel.state(config, manager);
        var trainer =
            new Trainer(
                model,
                state,
                new Criterion(GoldenTraining.criterion(uf1)),
                GoldenTraining.optimizer(),
                4,
                new SingleRank(),
                Numerics.float32(1))) {
      MicroBatch batch = GoldenModel.batch(Golden.tensors("model/eval_a.safetensors"), "in.");

      UpdateOutcome outcome = trainer.update(List.of(batch)); // at learning rate 0

      long sampleSize = outcome.sums().sampleSize();
      assertThat(outcome.sums().loss()).isCloseTo(golden.get("loss").getAsDouble(), within(1e-3));
      double norm = ((UpdateOutcome.Applied) outcome).gradientNorm();
      assertThat(norm * sampleSize)
          .isCloseTo(golden.get("grad_norm_of_summed_loss").getAsDouble(), within(1e-2));
      float scale = (float) Math.max(norm + 1e-6, 1); // undoes clipping at 1
      NDArray flat =
          Autograd.gradient(state.vector(Role.TRAINABLE).array()).mul(scale * sampleSize);
      state
          .layout(Role.TRAINABLE)
          .split(flat)
          .forEach(
              (name, gradient) ->
                  assertGradient(name, gradient.toFloatArray(), gradients, without));
    }
  }

  private static void assertGradient(
      String name, float[] actual, Golden.Tensors golden, Set<String> without) {
    if (without.contains(name)) {
      assertThat(actual).as(name).containsOnly(0);
      return;
    }
    double[] expected = golden.get(name).values();
    double difference = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      difference += (actual[i] - expected[i]) * (actual[i] - expected[i]);
      norm += expected[i] * expected[i];
      if (GoldenTraining.isNoise(name)) {
        assertThat(Math.abs(actual[i])).as(name).isLessThan(1e-5f);
      }
    }
    if (!GoldenTraining.isNoise(name)) {
      assertThat(Math.sqrt(difference / norm)).as(name).isLessThanOrEqualTo(1e-4);
    }
  }

  /**
   * Compares all norms but of parameters without gradient, which decay here as in parallel runs.
   */
  private static void assertNorms(StateDict state, JsonObject golden) {
    Set<String> without = new HashSet<>();
    for (JsonElement name : Golden.object("model/train.json").getAsJsonArray("no_grad_params")) {
      without.add(name.getAsString());
    }
    for (var spec : state.specs()) {
      String name = spec.name();
      if (without.contains(name) || GoldenTraining.isNoise(name)) {
        continue;
      }
      double squares = 0;
      for (float value : state.get(name)) {
        squares += (double) value * value;
      }
      double expected = golden.get(name).getAsDouble();
      assertThat(Math.sqrt(squares))
          .as(name)
          .isCloseTo(expected, within(GoldenTraining.tolerance(name) * expected));
    }
  }

  private interface Rank {
    Void run(int rank) throws Exception;
  }

  private static void onTwoThreads(Rank work) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      List<Callable<Void>> ranks = List.of(() -> work.run(0), () -> work.run(1));
      for (Future<Void> rank : threads.invokeAll(ranks)) {
        rank.get();
      }
    } finally {
      threads.shutdownNow();
    }
  }
}
