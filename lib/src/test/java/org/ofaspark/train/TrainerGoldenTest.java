package org.ofaspark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
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
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.ofaspark.collective.Collective;
import org.ofaspark.collective.InProcessGang;
import org.ofaspark.collective.SingleRank;
import org.ofaspark.criterion.Criterion;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.golden.Golden;
import org.ofaspark.golden.GoldenModel;
import org.ofaspark.golden.GoldenTraining;
import org.ofaspark.model.OfaConfig;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.nn.TensorSpec;
import org.ofaspark.nn.TensorSpec.Role;
import org.ofaspark.tensor.Autograd;
import org.ofaspark.tensor.TorchRuntime;

/** Whole updates against upstream's Trainer, in one process and in two. */
class TrainerGoldenTest {

  private static final Golden.Tensors TRAINER = Golden.tensors("optim/trainer.safetensors");

  private final NDManager manager = TorchRuntime.newManager(Device.cpu());

  @AfterEach
  void close() {
    manager.close();
  }

  static List<String> runs() {
    return List.copyOf(Golden.object("optim/trainer.json").getAsJsonObject("runs").keySet());
  }

  static List<String> parallelRuns() {
    return List.copyOf(Golden.object("optim/ddp.json").getAsJsonObject("runs").keySet());
  }

  @ParameterizedTest
  @MethodSource("runs")
  void updatesEqualUpstream(String name) {
    JsonObject run =
        Golden.object("optim/trainer.json").getAsJsonObject("runs").getAsJsonObject(name);
    int frequency = run.get("update_freq").getAsInt();
    JsonArray steps = run.getAsJsonArray("steps");
    OfaConfig config = config(name.contains("frozen"));
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
                1)) {
      for (int u = 0; u < steps.size(); u++) {
        List<MicroBatch> batches = new ArrayList<>();
        for (int i = 0; i < frequency; i++) {
          batches.add(GoldenModel.batch(TRAINER, "batch%d/".formatted(u * frequency + i)));
        }
        JsonObject step = steps.get(u).getAsJsonObject();
        assertStep(step, step.getAsJsonObject("logged"), trainer.update(batches));
      }
      assertParameters(state, TRAINER, name + "/");
      assertNorms(state, run.getAsJsonObject("param_l2_after"));
    }
  }

  @ParameterizedTest
  @MethodSource("parallelRuns")
  void twoRanksEqualUpstreamsTwoProcesses(String name) throws Exception {
    JsonArray steps = Golden.object("optim/ddp.json").getAsJsonObject("runs").getAsJsonArray(name);
    Golden.Tensors golden = Golden.tensors("optim/ddp.safetensors");
    var gang = new InProcessGang(2, Duration.ofMinutes(1));

    onTwoThreads(rank -> runRank(gang.join(rank), steps, golden, name));
  }

  private Void runRank(Collective gang, JsonArray steps, Golden.Tensors golden, String name) {
    JsonObject uf2 =
        Golden.object("optim/trainer.json").getAsJsonObject("runs").getAsJsonObject("uf2");
    OfaConfig config = config(false);
    try (NDManager own = TorchRuntime.newManager(Device.cpu());
        var model = new OfaModel(config, own);
        var state = GoldenModel.state(config, own);
        var trainer =
            new Trainer(
                model,
                state,
                new Criterion(GoldenTraining.criterion(uf2)),
                GoldenTraining.optimizer(),
                steps.size(),
                gang,
                1)) {
      for (int u = 0; u < steps.size(); u++) {
        JsonObject step = steps.get(u).getAsJsonObject();
        int rows = step.getAsJsonArray("rows_of_ranks").get(gang.rank()).getAsInt();
        String batch = "batch%d/".formatted(2 * u + gang.rank());
        UpdateOutcome outcome =
            trainer.update(
                rows == 0 ? List.of() : List.of(GoldenModel.firstRows(TRAINER, batch, rows)));
        assertStep(step, step.getAsJsonObject("unrounded"), outcome);
      }
      for (String tensor : golden.names()) { // upstream's statistics are each process's own
        String prefix = name + "/rank0/";
        if (tensor.startsWith(prefix) && !tensor.contains(".running_")) {
          GoldenTraining.assertClose(state, tensor.substring(prefix.length()), golden.get(tensor));
        }
      }
      if (name.equals("equal")) { // one worker's statistics over the same micro-batches
        assertParameters(state, TRAINER, "uf2/");
      }
    }
    return null;
  }

  @Test
  void gradientsEqualUpstream() {
    JsonObject golden = Golden.object("model/train.json");
    Golden.Tensors gradients = Golden.tensors("model/train_grads.safetensors");
    OfaConfig config = config(false);
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
                1)) {
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

  private static OfaConfig config(boolean freezeEmbedding) {
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

  private static void assertStep(JsonObject step, JsonObject logged, UpdateOutcome outcome) {
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

  private static void assertParameters(StateDict state, Golden.Tensors golden, String prefix) {
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
        GoldenTraining.assertClose(state, name, golden.get(tensor));
        compared++;
      } else { // upstream's second and third name of the embedding, and version numbers
        assertThat(name)
            .matches(".*\\.version|decoder\\.(embed_tokens|output_projection)\\.weight|.*_idx");
      }
    }
    assertThat(compared).isPositive();
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
