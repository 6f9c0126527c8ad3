package org.ofaspark.jobs.finetune;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.ofaspark.data.Task;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.train.TrainConfig;

class PreflightTest {

  private static SparkConf conf(String... keysAndValues) {
    var conf = new SparkConf(false).set("spark.master", "yarn");
    for (int i = 0; i < keysAndValues.length; i += 2) {
      conf.set(keysAndValues[i], keysAndValues[i + 1]);
    }
    return conf;
  }

  private static void check(SparkConf conf, int worldSize, long parameters) {
    Preflight.check(conf, train(), worldSize, parameters);
  }

  private static TrainConfig train(String... overrides) {
    return NanoRecipe.of(Task.CAPTION, Path.of("/none"), "run", overrides).train();
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
        .hasMessageStartingWith("spark.executor.memoryOverhead: 2g (expected: at least 5378m for ");
  }

  @ParameterizedTest
  @CsvSource({"24, such as 16 or 32)", "8, such as 16)"})
  void batchThatRanksCannotShareIsRefused(int globalBatch, String nearest) {
    var train = train("train.batch-size=8", "train.global-batch=" + globalBatch);
    assertThatThrownBy(() -> Preflight.check(conf(), train, 2, 1))
        .hasMessageStartingWith(
            "train.global-batch: %d (expected: a multiple of train.batch-size, 8, times 2 ranks, "
                .formatted(globalBatch))
        .hasMessageContaining(nearest);
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
}
