package org.ofaspark.jobs.finetune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.jobs.cluster.AssignedDevice;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.preprocess.ExistingTable;
import org.ofaspark.jobs.preprocess.Preprocess;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.caption.CaptionTask;

class RankProbeTest {

  private static final String RESOURCES =
      """
      [{"id": {"componentName": "spark.worker", "resourceName": "gpu"}, "addresses": ["3"]}]
      """;

  private static String answer(String place, String fault) {
    return "{\"location\": \"%s\"%s}"
        .formatted(place, fault.isEmpty() ? "" : ", \"fault\": \"" + fault + "\"");
  }

  @Test
  void executorOfEachRankIsFine() {
    assertThat(RankProbe.findings(List.of(answer("a", ""), answer("b", "")), false)).isEmpty();
  }

  @Test
  void faultsOfAllRanksAreTold() {
    var answers = List.of(answer("a", "no library"), answer("b", ""), answer("c", "no GPU"));
    assertThat(RankProbe.findings(answers, false)).containsExactly("no library", "no GPU");
  }

  @Test
  void ranksThatShareAnExecutorAreTold() {
    var answers = List.of(answer("a", ""), answer("b", ""), answer("a", ""));
    assertThat(RankProbe.findings(answers, false))
        .containsExactly(
            "ranks [0, 2]: all on a (expected: an executor for each); set spark.task.cpus to the"
                + " cores of an executor");
    assertThat(RankProbe.findings(answers, true)).isEmpty();
  }

  @Test
  void ranksThatShareAGpuAreTold() {
    var answers =
        List.of(onGpu("a", "GPU-8f of h"), onGpu("b", "GPU-2c of h"), onGpu("c", "GPU-8f of h"));
    assertThat(RankProbe.findings(answers, false))
        .singleElement()
        .asString()
        .startsWith("ranks [0, 2]: all on GPU-8f of h (expected: a GPU for each); ");
    assertThat(RankProbe.findings(answers, true)).isEmpty();
  }

  /** Two executors of one machine, which both are given its GPU 3; libtorch is the CPU's. */
  @Test
  @DisabledIfSystemProperty(named = "ofa.device", matches = "gpu") // then there are GPUs
  void runOnExecutorsWithOneGpuIsRefusedBeforeItTrains(@TempDir Path folder) throws IOException {
    Path resources = Files.writeString(folder.resolve("resources.json"), RESOURCES);
    try (SparkSession spark =
        LocalSpark.executors(2, 1)
            .config("spark.worker.resourcesFile", resources.toString())
            .config("spark.worker.resource.gpu.amount", 1)
            .config("spark.executor.resource.gpu.amount", 1)
            .config(AssignedDevice.TASK_GPUS, 1)
            .getOrCreate()) {
      Recipe recipe = NanoRecipe.of(new CaptionTask(), folder, "run");
      new Preprocess(spark, recipe).run(ExistingTable.REFUSE);

      assertThatThrownBy(() -> new Finetune(spark, recipe, 2).run())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("GPU address: 3, which is gpu(3) of the engine on ")
          .hasMessageContaining(" is built for CPUs (expected: for CUDA)")
          .hasMessageContaining("\nranks [0, 1]: all on GPU 3 of ");
      assertThat(folder.resolve("run/checkpoints")).doesNotExist();
    }
  }

  private static String onGpu(String place, String gpu) {
    return "{\"location\": \"%s\", \"gpu\": \"%s\"}".formatted(place, gpu);
  }
}
