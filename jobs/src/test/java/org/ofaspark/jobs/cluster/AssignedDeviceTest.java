package org.ofaspark.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.ofaspark.jobs.ExplainedException;
import org.ofaspark.tensor.Precision;
import org.ofaspark.tensor.TorchRuntime;

class AssignedDeviceTest {

  @Test
  @DisabledIfSystemProperty(named = "ofa.device", matches = "gpu") // then there are GPUs
  void eachRankHasTheGpuThatSparkAssignsToItsExecutor(@TempDir Path folder) throws IOException {
    try (SparkSession spark = LocalSpark.startExecutorsWithoutTheirGpus(2, folder)) {
      List<String> told =
          BarrierStage.collect(
              new JavaSparkContext(spark.sparkContext()).parallelize(List.of(0, 1), 2),
              new Told(),
              String.class);

      assertThat(told)
          .allSatisfy(
              line ->
                  assertThat(line)
                      .matches(
                          "rank \\d: GPU address: (\\d), which is gpu\\(\\1\\) of the engine on"
                              + " \\S+: libtorch "
                              + TorchRuntime.version()
                              + " in \\S+ is built for CPUs (?s:.*)")
                      .containsPattern("\n  spark.executorEnv.PYTORCH_LIBRARY_PATH  FOLDER .*\n")
                      .endsWith("\n  spark.executorEnv.PYTORCH_FLAVOR        cu128")
                      .doesNotContain("registered at"));
      assertThat(told)
          .extracting(line -> line.substring(0, "rank 0: GPU address: 3".length()))
          .containsAnyOf("rank 0: GPU address: 3", "rank 0: GPU address: 5")
          .doesNotHaveDuplicates();
      assertThat(told)
          .extracting(line -> line.charAt("rank 0: GPU address: ".length()))
          .containsExactlyInAnyOrder('3', '5');
    }
  }

  /** Tells a rank and what came of its GPU, which is not there. */
  private static final class Told implements FlatMapFunction<Iterator<Integer>, String> {
    private static final long serialVersionUID = 1;

    @Override
    public Iterator<String> call(Iterator<Integer> input) {
      BarrierTaskContext task = BarrierTaskContext.get();
      String device;
      try {
        device = AssignedDevice.of(task).toString();
      } catch (ExplainedException e) {
        device = e.getMessage();
      }
      return List.of("rank %d: %s".formatted(task.partitionId(), device)).iterator();
    }
  }

  @Test
  void addressIsAPlaceAmongTheVisibleGpus() {
    assertThat(AssignedDevice.number("5", Optional.of("3,5"))).isEqualTo(1);
    assertThat(AssignedDevice.number("5", Optional.of(" 3, 5 "))).isEqualTo(1);
    assertThat(AssignedDevice.number("GPU-8f3a", Optional.of("GPU-1,GPU-8f3a"))).isEqualTo(1);
    assertThat(AssignedDevice.number("5", Optional.empty())).isEqualTo(5);
    assertThat(AssignedDevice.number("5", Optional.of(""))).isEqualTo(5);
    assertThatThrownBy(() -> AssignedDevice.number("gpu-a", Optional.of("0")))
        .hasMessageStartingWith("GPU address: gpu-a (expected: a number, as nvidia-smi gives it)");
  }

  @Test
  void gpuThatTheEngineCannotOpenIsToldByBothItsNames() {
    assertThatThrownBy(() -> AssignedDevice.opened("h", "GPU-8f3a", Device.gpu(63)))
        .isInstanceOf(ExplainedException.class)
        .hasMessageStartingWith("GPU address: GPU-8f3a, which is gpu(63) of the engine on h: ");
  }

  @Test
  void processWithoutALibraryIsToldWhatToSet() {
    var none = new EngineException("Cannot copy jni files", new IOException("no cpu-precxx11"));
    assertThat(AssignedDevice.unloadable("h", none, false))
        .hasMessageStartingWith(
            "libtorch on h: cannot be loaded: ai.djl.engine.EngineException: Cannot copy jni files;"
                + " caused by java.io.IOException: no cpu-precxx11 (expected: ")
        .hasMessageContainingAll("PYTORCH_LIBRARY_PATH to a folder", "PYTORCH_FLAVOR to cpu");
    assertThat(AssignedDevice.unloadable("h", none, true))
        .hasMessageEndingWith("spark.executorEnv.PYTORCH_FLAVOR        cu128");
  }

  @Test
  void folderWithoutALibraryIsTold() {
    Path folder = Path.of("/opt/torch/lib");
    assertThat(AssignedDevice.ignored(Optional.empty(), folder)).isEmpty();
    assertThat(AssignedDevice.ignored(Optional.of("/opt/torch/lib"), folder)).isEmpty();
    assertThat(AssignedDevice.ignored(Optional.of("/opt/tarch/lib"), folder))
        .isEqualTo("; PYTORCH_LIBRARY_PATH is /opt/tarch/lib, which has no libtorch.so");
  }

  @Test
  void gpuIsNamedByItsUuidWhereThatIsKnown() {
    var listed = List.of("0, GPU-8f3a", "1, GPU-2c41");
    assertThat(GpuIdentity.name("1", List.of(), listed)).isEqualTo("GPU-2c41");
    assertThat(GpuIdentity.name("0", List.of("1"), listed)).isEqualTo("GPU-2c41");
    assertThat(GpuIdentity.name("1", List.of("1"), listed)).isEqualTo("GPU-2c41");
    assertThat(GpuIdentity.name("GPU-2c41", List.of("GPU-2c41"), listed)).isEqualTo("GPU-2c41");
    assertThat(GpuIdentity.name("0", List.of("MIG-77"), listed)).isEqualTo("MIG-77");
    assertThat(GpuIdentity.name("1", List.of(), List.of())).isEqualTo("1");
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void float16NeedsAGpu(Precision precision) {
    var cpu = new SparkConf(false);
    var gpu = new SparkConf(false).set(AssignedDevice.TASK_GPUS, "1");
    assertThat(AssignedDevice.objection(gpu, "train.precision", precision)).isEmpty();
    assertThat(AssignedDevice.objection(cpu, "train.precision", precision).isPresent())
        .isEqualTo(precision == Precision.FP16);
  }
}
