package org.ofaspark.jobs.finetune;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.caption.CaptionTask;

class PreflightTest {

  private static SparkConf conf(String... keysAndValues) {
    var conf = new SparkConf(false).set("spark.master", "yarn");
    for (int i = 0; i < keysAndValues.length; i += 2) {
      conf.set(keysAndValues[i], keysAndValues[i + 1]);
    }
    return conf;
  }

  private static void check(SparkConf conf, int worldSize, long parameters) {
    Preflight.check(conf, train(), worldSize, parameters, 1000);
  }

  private static Recipe train(String... overrides) {
    return NanoRecipe.of(new CaptionTask(), Path.of("/none"), "run", overrides);
  }

  @Test
  void gangWithAnExecutorForEachRankIsFine() {
    assertThatCode(
            () ->
                check(
                    conf(
                        "spark.executor.cores", "8",
                        "spark.task.cpus", "8",
                        "spark.executor.resource.gpu.amount", "1",
                        "spark.task.resource.gpu.amount", "1",
                        "spark.executor.memory", "2g",
                        "spark.executor.memoryOverhead", "10g"),
                    2,
                    470_000_000))
        .doesNotThrowAnyException();
  }

  @ParameterizedTest
  @CsvSource({"spark.dynamicAllocation.enabled", "spark.speculation"})
  void ranksThatComeAndGoAreRefused(String key) {
    assertThatThrownBy(() -> check(conf(key, "true"), 2, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(key + ": true (expected: false); ranks have to stay as they started");
  }

  @Test
  void executorForTwoRanksIsRefused() {
    assertThatThrownBy(() -> check(conf("spark.executor.cores", "8", "spark.task.cpus", "4"), 2, 1))
        .hasMessageStartingWith("spark.task.cpus: 4 (expected: 8, as spark.executor.cores)");
  }

  @Test
  void gpuThatNoTaskAsksForIsNamed() {
    assertThatThrownBy(() -> check(conf("spark.executor.resource.gpu.amount", "1"), 2, 1))
        .hasMessageStartingWith("spark.task.resource.gpu.amount: unset (expected: 1)");
  }

  @Test
  void localMasterNeedsCoresForItsRanks() {
    assertThatThrownBy(() -> check(conf("spark.master", "local[2]", "spark.task.cpus", "2"), 2, 1))
        .hasMessageStartingWith(
            "spark.master: local[2] (expected: 4 cores for 2 ranks of 2); give it more cores");
  }

  @Test
  void memoryThatCannotHoldTheModelIsRefused() {
    assertThatThrownBy(() -> check(conf("spark.executor.memoryOverhead", "2g"), 2, 470_000_000))
        .hasMessage(
            "spark.executor.memoryOverhead: 2g (expected: at least 7471m for 470000000 parameters"
                + " and a micro-batch of 2); raise it");
  }

  @Test
  void averageOfTheWeightsCounts() {
    Recipe averaged = train("ema.decay=0.9");
    SparkConf conf = conf("spark.executor.memoryOverhead", "2g");
    assertThatThrownBy(() -> Preflight.check(conf, averaged, 2, 470_000_000, 1000))
        .hasMessageContaining("(expected: at least 8368m for 470000000 parameters");
  }

  @Test
  void activationsOfAMicroBatchCount() {
    var batch = train("train.batch-size=4", "train.global-batch=8");
    assertThatThrownBy(
            () ->
                Preflight.check(conf("spark.executor.memoryOverhead", "2g"), batch, 2, 1, 1L << 30))
        .hasMessageContaining(
            "at least 4396m for 1 parameters and a micro-batch of 4); raise it, or lower"
                + " train.batch-size");
  }

  @Test
  void defaultLimitOfAClusterManagerCounts() {
    assertThatThrownBy(() -> check(conf("spark.executor.memory", "8g"), 2, 470_000_000))
        .hasMessageStartingWith("spark.executor.memoryOverhead: unset, which is 819m (expected: ");
    String[] factor = {
      "spark.executor.memory", "8g", "spark.executor.memoryOverheadFactor", "0.25"
    };
    assertThatThrownBy(() -> check(conf(factor), 2, 470_000_000))
        .hasMessageStartingWith("spark.executor.memoryOverhead: unset, which is 2048m (expected: ");
    String[] standalone = {"spark.master", "spark://host:7077", "spark.executor.cores", "1"};
    assertThatCode(() -> check(conf(standalone), 2, 470_000_000)).doesNotThrowAnyException();
  }

  @Test
  void gpuHoldsWhatTheHostOtherwiseDoes() {
    assertThatThrownBy(
            () ->
                check(
                    conf(
                        "spark.task.resource.gpu.amount", "1",
                        "spark.executor.memoryOverhead", "1g"),
                    2,
                    470_000_000))
        .hasMessageContaining("at least 2220m for 470000000 parameters");
  }

  @ParameterizedTest
  @CsvSource({"24, such as 16 or 32)", "8, such as 16)"})
  void batchThatRanksCannotShareIsRefused(int globalBatch, String nearest) {
    var train = train("train.batch-size=8", "train.global-batch=" + globalBatch);
    assertThatThrownBy(() -> Preflight.check(conf(), train, 2, 1, 0))
        .hasMessageStartingWith(
            "train.global-batch: %d (expected: a multiple of train.batch-size, 8, times 2 ranks, "
                .formatted(globalBatch))
        .hasMessageContaining(nearest);
  }

  @Test
  void float16NeedsGpus() {
    Recipe half = train("train.precision=fp16");
    assertThatThrownBy(() -> Preflight.check(conf(), half, 2, 1, 0))
        .hasMessage(
            "train.precision: fp16 (expected: fp32 or bf16 where no GPU is requested); float16 is"
                + " 80 times slower on a CPU; change it, or request GPUs with"
                + " spark.task.resource.gpu.amount");
    var gpu = conf("spark.task.resource.gpu.amount", "1", "spark.executor.memoryOverhead", "1g");
    assertThatCode(() -> Preflight.check(gpu, half, 2, 1, 0)).doesNotThrowAnyException();
  }

  @Test
  void allFindingsAreToldAtOnce() {
    assertThatThrownBy(
            () ->
                check(
                    conf("spark.speculation", "true", "spark.dynamicAllocation.enabled", "true"),
                    1,
                    1))
        .message()
        .hasLineCount(2);
  }

  @Test
  void executorWithAllCoresOfAStandaloneWorkerIsRefused() {
    assertThatThrownBy(() -> check(conf("spark.master", "spark://host:7077"), 2, 1))
        .hasMessageStartingWith("spark.executor.cores: unset (expected: the cores of a rank)");
  }

  @Test
  void oneRankExchangesNothing() {
    String[] gpu = {"spark.task.resource.gpu.amount", "1", "spark.executor.memoryOverhead", "384m"};
    assertThatCode(() -> check(conf(gpu), 1, 470_000_000)).doesNotThrowAnyException();
  }

  @Test
  void heapIsAlsoTheLimitOfDirectMemory() {
    String[] small = {"spark.executor.memory", "1g", "spark.executor.memoryOverhead", "10g"};
    Recipe many = train("train.global-batch=256");
    assertThatCode(() -> Preflight.check(conf(small), many, 64, 1, 1)).doesNotThrowAnyException();
    assertThatThrownBy(() -> Preflight.check(conf(small), many, 128, 1, 1))
        .hasMessageStartingWith(
            "spark.executor.memory: 1g (expected: at least 2032m for messages of 128 ranks); it");
    String[] set = {
      "spark.executor.extraJavaOptions", "-ea -XX:MaxDirectMemorySize=3g",
      "spark.executor.memoryOverhead", "10g"
    };
    assertThatCode(() -> Preflight.check(conf(set), many, 128, 1, 1)).doesNotThrowAnyException();
    set[0] = "spark.executor.defaultJavaOptions";
    assertThatCode(() -> Preflight.check(conf(set), many, 128, 1, 1)).doesNotThrowAnyException();
    set[0] = "spark.executor.extraJavaOptions";
    set[1] = "-XX:MaxDirectMemorySize=100m";
    assertThatThrownBy(() -> check(conf(set), 2, 1))
        .hasMessageStartingWith("spark.executor.extraJavaOptions: 100m (expected: at least 128m");
  }
}
