package org.ofaspark.train;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.ofaspark.checkpoint.OptimizerFiles;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.collective.SingleRank;
import org.ofaspark.criterion.Criterion;
import org.ofaspark.criterion.CriterionConfig;
import org.ofaspark.criterion.CrossEntropy;
import org.ofaspark.criterion.Drop;
import org.ofaspark.criterion.EncouragingLoss;
import org.ofaspark.evaluate.ExampleLosses;
import org.ofaspark.generate.GenerateConfig;
import org.ofaspark.generate.Sampling;
import org.ofaspark.generate.SequenceGenerator;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.golden.VirtualGpu;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.nn.TensorSpec.Role;
import org.ofaspark.optim.LossScale;
import org.ofaspark.optim.OptimizerConfig;
import org.ofaspark.tensor.Autograd;
import org.ofaspark.tensor.FlatVector;
import org.ofaspark.tensor.FloatType;
import org.ofaspark.tensor.TorchRuntime;
import org.ofaspark.text.ConstraintRange;

/** The virtual device runs the CPU's kernels, so whatever differs is a mistake in moving values. */
class DeviceBitsTest {

  private static final int UPDATES = 3;

  @ParameterizedTest
  @CsvSource({
    "PLAIN, FLOAT32",
    "PLAIN, BFLOAT16",
    "PLAIN, FLOAT16",
    "CROSS_ENTROPY, FLOAT32",
    "DROP, FLOAT32",
    "RDROP, FLOAT32",
    "RDROP, BFLOAT16",
    "RANGE, FLOAT16"
  })
  void everythingHasTheBitsOfTheCpu(Objective objective, FloatType type) {
    VirtualGpu.assume();
    Map<String, Object> cpu = results(Device.cpu(), objective, type);
    Map<String, Object> gpu = results(TestDevice.device(), objective, type);
    assertThat(gpu.keySet()).isEqualTo(cpu.keySet());
    cpu.forEach((what, value) -> assertThat(gpu.get(what)).as(what).isEqualTo(value));
  }

  /** What is trained for. */
  enum Objective {
    PLAIN,
    CROSS_ENTROPY,
    DROP,
    RDROP,
    RANGE;

    CriterionConfig criterion() {
      Drop none = Drop.NONE;
      return switch (this) {
        case PLAIN -> CriterionConfig.plain(new EncouragingLoss(0.1, 0.75));
        case CROSS_ENTROPY -> CriterionConfig.plain(new CrossEntropy(0.1));
        case DROP ->
            config(
                new Drop(0.2, 0, Drop.Scope.TOKEN),
                new Drop(0.3, 0, Drop.Scope.TOKEN),
                0,
                Optional.empty());
        case RDROP -> config(none, none, 0.7, Optional.empty());
        case RANGE -> config(none, none, 0, Optional.of(new ConstraintRange(4, 36)));
      };
    }

    private static CriterionConfig config(
        Drop worst, Drop best, double rdrop, Optional<ConstraintRange> range) {
      return new CriterionConfig(
          new EncouragingLoss(0.1, 0.75),
          worst,
          best,
          rdrop > 0,
          Math.max(rdrop, 0.1),
          false,
          0,
          false,
          range,
          false);
    }
  }

  private static Map<String, Object> results(Device device, Objective objective, FloatType type) {
    var criterion = new Criterion(objective.criterion());
    boolean scales = type == FloatType.FLOAT16;
    var numerics = new Numerics(type, scales ? new LossScale(128, 512, 0) : LossScale.NONE, 0.9, 3);
    Map<String, Object> results = new LinkedHashMap<>();
    try (NDManager manager = TorchRuntime.newManager(device);
        var model = new OfaModel(NanoModel.CONFIG, manager);
        StateDict state = NanoModel.state(manager);
        StateDict average = NanoModel.state(manager);
        var trainer =
            new Trainer(
                model,
                state,
                criterion,
                new OptimizerConfig(1e-3, 0, 1, 0.1, 1_000_000, List.of(0.9, 0.999), 1e-8, 0.01, 1),
                10,
                new SingleRank(),
                numerics)) {
      trainer.startEma(state);
      for (int u = 0; u < UPDATES; u++) {
        var batches = List.of(NanoModel.batch(u), NanoModel.batch(u + 10));
        results.put("update " + u, trainer.update(batches).toString());
        var gradient = Autograd.gradient(state.vector(Role.TRAINABLE).array());
        results.put("gradient " + u, gradient.toFloatArray());
      }
      results.put("first moment", checksum(trainer.adam().firstMoment()));
      results.put("second moment", checksum(trainer.adam().secondMoment()));
      trainer.gatherEma(average);
      addState(results, "weights", state);
      addState(results, "average", average);
      results.put("files", files(state, trainer));
      addAnswers(results, model, state, type);
      results.put(
          "losses", new ExampleLosses(model, state, criterion).of(NanoModel.batch(4)).toString());
    }
    return results;
  }

  private static void addState(Map<String, Object> results, String name, StateDict state) {
    for (Role role : Role.values()) {
      results.put(name + " " + role, checksum(state.vector(role)));
    }
  }

  private static long checksum(FlatVector vector) {
    var checksum = new CRC32C();
    vector.addTo(checksum);
    return checksum.getValue();
  }

  private static int files(StateDict state, Trainer trainer) {
    var files = new ByteArrayOutputStream();
    try {
      for (var tensors : WeightFiles.plan(state.specs(), 1L << 30).values()) {
        WeightFiles.write(files, tensors, state);
      }
      OptimizerFiles.write(
          files, trainer.adam().firstMoment(), trainer.adam().secondMoment(), 0, UPDATES);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Arrays.hashCode(files.toByteArray());
  }

  private static void addAnswers(
      Map<String, Object> results, OfaModel model, StateDict state, FloatType type) {
    var settings =
        Map.of(
            "greedy", GenerateConfig.plain(1, 1, 8),
            "beam", GenerateConfig.plain(4, 1, 8),
            "penalties", generate(3, 0.9, 3, 1.3, 2, Sampling.OFF),
            "sampling", generate(3, 1, 0, 1, 0, new Sampling(true, 5, 0, 5)));
    settings.forEach(
        (name, config) ->
            results.put(
                name,
                new SequenceGenerator(
                        model, state, config, 0, NanoModel.CONFIG.maxTargetPositions())
                    .generate(NanoModel.batch(3), List.of("a", "b", "c"), type)
                    .toString()));
  }

  private static GenerateConfig generate(
      int beam, double lenpen, double unkpen, double temperature, int ngrams, Sampling sampling) {
    return new GenerateConfig(
        beam,
        0,
        8,
        1,
        lenpen,
        false,
        unkpen,
        temperature,
        ngrams,
        Optional.empty(),
        false,
        sampling);
  }
}
