package org.ofaspark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.ofaspark.collective.Collective;
import org.ofaspark.collective.InProcessGang;
import org.ofaspark.collective.SingleRank;
import org.ofaspark.collective.WireFormat;
import org.ofaspark.criterion.Criterion;
import org.ofaspark.criterion.CriterionConfig;
import org.ofaspark.criterion.EncouragingLoss;
import org.ofaspark.criterion.LossSums;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.nn.TensorSpec.Role;
import org.ofaspark.optim.LossScale;
import org.ofaspark.optim.OptimizerConfig;
import org.ofaspark.tensor.FlatVector;

class TrainerTest {

  /** Steady growth that a run of 100,000 updates survives: 5 GB. */
  private static final double MAX_MEGABYTES_AN_UPDATE = 0.05;

  private final NDManager manager = TestDevice.newManager();
  private final OfaModel model = new OfaModel(NanoModel.CONFIG, manager);

  @AfterEach
  void close() {
    model.close();
    manager.close();
  }

  private StateDict newState() {
    return NanoModel.state(manager);
  }

  private Trainer newTrainer(StateDict state) {
    return newTrainer(state, new SingleRank());
  }

  private Trainer newTrainer(StateDict state, Collective gang) {
    return new Trainer(
        model,
        state,
        new Criterion(CriterionConfig.plain(new EncouragingLoss(0.1, 0.75))),
        new OptimizerConfig(1e-3, 0, 1, 0.1, 1_000_000, List.of(0.9, 0.999), 1e-8, 0.01, 1),
        1000,
        gang,
        Numerics.float32(3));
  }

  private static float[] parameters(StateDict state) {
    return state.vector(Role.TRAINABLE).array().toFloatArray();
  }

  @Test
  void gangInWhichTheRankIsAnotherIsRefused() {
    try (StateDict state = newState();
        Trainer trainer = newTrainer(state);
        Collective other = new InProcessGang(2, WireFormat.FP32, Duration.ofSeconds(1)).join(1)) {
      assertThatThrownBy(() -> trainer.join(other))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "ranks: rank 1 of 2 (expected: 0 of 1, whose range of the optimizer's state is"
                  + " here)");
    }
  }

  @Test
  void sameSeedGivesTheSameBitsDropoutIncluded() {
    List<float[]> results = new ArrayList<>();
    for (int run = 0; run < 2; run++) {
      try (var state = newState();
          var trainer = newTrainer(state)) {
        for (int u = 0; u < 3; u++) {
          trainer.update(List.of(NanoModel.batch(u), NanoModel.batch(u + 10)));
        }
        results.add(parameters(state));
      }
    }
    assertThat(results.get(0)).isEqualTo(results.get(1));
  }

  @Test
  void lossFallsOnABatchSeenOften() {
    try (var state = newState();
        var trainer = newTrainer(state)) {
      double first = perToken(trainer.update(List.of(NanoModel.batch(1))));
      double last = first;
      for (int u = 0; u < 150; u++) {
        last = perToken(trainer.update(List.of(NanoModel.batch(1))));
      }
      assertThat(last).isLessThan(0.5 * first);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"TRAINABLE", "BUFFER"})
  void rankThatHoldsOtherValuesIsNamedByAll(Role role) {
    var gang = new InProcessGang(3, WireFormat.FP32, Duration.ofSeconds(10));
    List<StateDict> states = List.of(newState(), newState(), newState());
    List<Trainer> trainers = new ArrayList<>();
    for (int rank = 0; rank < 3; rank++) {
      trainers.add(newTrainer(states.get(rank), gang.join(rank)));
    }
    assertThat(checkRanksAgree(trainers)).containsOnly("");

    FlatVector values = states.get(1).vector(role);
    ByteBuffer last = ByteBuffer.allocateDirect(Float.BYTES).order(ByteOrder.nativeOrder());
    values.read(values.size() - 1, last);
    last.putFloat(0, Math.nextUp(last.getFloat(0))).flip();
    values.write(values.size() - 1, last);

    assertThat(checkRanksAgree(trainers))
        .hasSize(3)
        .allSatisfy(
            message ->
                assertThat(message)
                    .contains("update 0: the values of ranks [1] differ from those of rank 0"));
    trainers.forEach(Trainer::close);
    states.forEach(StateDict::close);
  }

  /** Lets all ranks check at once; returns what each has to say. */
  private static List<String> checkRanksAgree(List<Trainer> ranks) {
    List<CompletableFuture<String>> checks = new ArrayList<>();
    for (Trainer rank : ranks) {
      checks.add(
          CompletableFuture.runAsync(rank::checkRanksAgree, task -> new Thread(task).start())
              .handle((done, e) -> e == null ? "" : e.toString()));
    }
    return checks.stream().map(check -> check.orTimeout(30, TimeUnit.SECONDS).join()).toList();
  }

  private static double perToken(UpdateOutcome outcome) {
    return outcome.sums().nllLoss() / outcome.sums().sampleSize();
  }

  /** DJL lets the engine look at Java buffers; what the graph saves must not be among them. */
  @Test
  void gradientsDoNotDependOnTheGarbageCollector() throws InterruptedException {
    var done = new AtomicBoolean();
    var collector =
        new Thread(
            () -> {
              while (!done.get()) {
                System.gc();
                for (int i = 0; i < 2000; i++) {
                  ByteBuffer.allocateDirect(64).putLong(0, -1).putLong(8, -1);
                }
              }
            });
    collector.start();
    try (var state = newState();
        var trainer = newTrainer(state)) {
      trainer.update(List.of(NanoModel.batch(1))); // at learning rate 0: the state stays as it is
      trainer.resumeAfter(0, LossScale.NONE);
      double expected =
          ((UpdateOutcome.Applied) trainer.update(List.of(NanoModel.batch(1)))).gradientNorm();
      for (int i = 0; i < 6; i++) {
        trainer.resumeAfter(0, LossScale.NONE);
        UpdateOutcome outcome = trainer.update(List.of(NanoModel.batch(1)));
        assertThat(outcome).isInstanceOf(UpdateOutcome.Applied.class);
        assertThat(((UpdateOutcome.Applied) outcome).gradientNorm())
            .isCloseTo(expected, within(1e-4 * expected));
      }
    } finally {
      done.set(true);
      collector.join(60_000);
    }
  }

  @Test
  void updateLeavesNoArrayBehind() {
    try (var state = newState();
        var trainer = newTrainer(state)) {
      trainer.update(List.of(NanoModel.batch(0))); // fills the tables that the model keeps
      int before = arrays();
      for (int u = 1; u < 4; u++) {
        trainer.update(List.of(NanoModel.batch(u), NanoModel.batch(u + 10)));
      }
      assertThat(arrays()).isEqualTo(before);
    }
  }

  /** But its sums and statistics, which are read at the end of the update. */
  @Test
  void microBatchLeavesNoArrayToTheNext() {
    List<Integer> arrays = new ArrayList<>(); // that there are after the micro-batches
    var rank = new SingleRank();
    Collective counting =
        (Collective)
            Proxy.newProxyInstance(
                Collective.class.getClassLoader(),
                new Class<?>[] {Collective.class},
                (proxy, method, arguments) -> {
                  if (method.getName().equals("reduceScatter")) {
                    arrays.add(arrays());
                  }
                  return method.invoke(rank, arguments);
                });
    try (var state = newState();
        var trainer = newTrainer(state, counting)) {
      trainer.update(List.of(NanoModel.batch(0))); // fills the tables that the model keeps
      trainer.update(List.of(NanoModel.batch(1)));
      trainer.update(List.of(NanoModel.batch(1), NanoModel.batch(2), NanoModel.batch(3)));
    }
    assertThat(arrays.get(2)).isEqualTo(arrays.get(1) + 2 * 2);
  }

  /** Counts the arrays of the manager and of those below it. */
  private int arrays() {
    return manager.getManagedArrays().size();
  }

  /** In a process of its own, whose heap is touched in full at the start. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void memoryStaysFlatOverManyUpdates(@TempDir Path folder) throws Exception {
    Path errors = folder.resolve("errors");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xms256m",
                "-Xmx256m",
                "-XX:+AlwaysPreTouch",
                "-XX:TieredStopAtLevel=1", // the second compiler's memory comes and goes
                TestDevice.property(),
                "-cp",
                System.getProperty("java.class.path"),
                ManyUpdates.class.getName())
            .redirectError(errors.toFile())
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(process.waitFor()).as(Files.readString(errors)).isZero();
    assertThat(Double.parseDouble(output)).isLessThanOrEqualTo(MAX_MEGABYTES_AN_UPDATE);
  }

  /** Prints by how many megabytes the process grows in an update. */
  static final class ManyUpdates {
    private static final int UPDATES = 500;

    private ManyUpdates() {}

    public static void main(String[] args) throws IOException {
      var test = new TrainerTest();
      try (var state = test.newState();
          var trainer = test.newTrainer(state)) {
        for (int u = 0; u < 100; u++) {
          trainer.update(List.of(NanoModel.batch(u)));
        }
        long before = residentKilobytes();
        for (int u = 0; u < UPDATES; u++) {
          trainer.update(List.of(NanoModel.batch(u)));
        }
        System.out.print((residentKilobytes() - before) / 1024.0 / UPDATES);
      }
      test.close();
    }

    private static long residentKilobytes() throws IOException {
      return Files.readAllLines(Path.of("/proc/self/status")).stream()
          .filter(line -> line.startsWith("VmRSS"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D+", "")))
          .findFirst()
          .orElseThrow();
    }
  }

  @Test
  void gradientThatIsNotFiniteSkipsTheUpdate() {
    try (var state = newState();
        var trainer = newTrainer(state)) {
      trainer.update(List.of(NanoModel.batch(0)));
      float[] before = parameters(state);
      MicroBatch broken = NanoModel.batch(1);
      broken.patchImages()[0] = Float.NaN;

      UpdateOutcome outcome = trainer.update(List.of(broken));

      assertThat(outcome).isInstanceOf(UpdateOutcome.Skipped.class);
      assertThat(outcome.updateNumber()).isEqualTo(1);
      assertThat(parameters(state)).isEqualTo(before);
      assertThat(trainer.update(List.of(NanoModel.batch(2))))
          .isInstanceOf(UpdateOutcome.Applied.class);
    }
  }

  @Test
  void emptyMicroBatchAddsNothing() {
    List<float[]> values = new ArrayList<>();
    List<LossSums> sums = new ArrayList<>();
    for (var batches :
        List.of(
            List.of(NanoModel.batch(1), NanoModel.batch(2)),
            List.of(NanoModel.batch(1), NanoModel.batch(2), MicroBatch.EMPTY))) {
      try (var state = newState();
          var trainer = newTrainer(state)) {
        trainer.update(List.of(NanoModel.batch(0))); // the first update has learning rate 0
        sums.add(trainer.update(batches).sums());
        values.add(parameters(state));
        values.add(state.vector(Role.BUFFER).array().toFloatArray());
        assertThat(state.batchesTracked()).isEqualTo(3);
      }
    }
    assertThat(values.get(2)).isEqualTo(values.get(0));
    assertThat(values.get(3)).isEqualTo(values.get(1));
    assertThat(sums.get(1)).isEqualTo(sums.get(0));
  }

  @Test
  void emptyMicroBatchKeepsThePlaceOfThoseBehindIt() {
    List<float[]> values = new ArrayList<>();
    for (var batches :
        List.of(
            List.of(MicroBatch.EMPTY, NanoModel.batch(2)),
            List.of(NanoModel.batch(2), MicroBatch.EMPTY))) {
      try (var state = newState();
          var trainer = newTrainer(state)) {
        trainer.update(List.of(NanoModel.batch(0))); // the first update has learning rate 0
        trainer.update(batches);
        values.add(parameters(state));
      }
    }
    assertThat(values.get(1)).as("dropout by place").isNotEqualTo(values.get(0));
  }

  @Test
  void updateOfNoSampleIsMadeWithAGradientOfZero() {
    try (var state = newState();
        var trainer = newTrainer(state)) {
      UpdateOutcome outcome = trainer.update(List.of(MicroBatch.EMPTY));

      assertThat(outcome).isInstanceOf(UpdateOutcome.Applied.class);
      assertThat(((UpdateOutcome.Applied) outcome).gradientNorm()).isZero();
      assertThat(outcome.sums().byName().values()).isNotEmpty().containsOnly(0.0);
      assertThat(trainer.updateNumber()).isEqualTo(1);
      assertThat(state.batchesTracked()).isZero();
    }
  }
}
