package org.ofaspark.jobs.finetune;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PreflightTest {

  private static SparkConf conf(String... keysAndValues) {
    var conf = new SparkConf(false).set("spark.master", "yarn");
    for (int i = 0; i < keysAndValues.length; i += 2) {
      conf.set(keysAndValues[i], keysAndValues[i + 1]);
    }
    return conf;
  }

  @Test
  void gangWithAnExecutorForEachRankIsFine() {
    assertThatCode(
            () ->
                Preflight.check(
                    conf(
                        "spark.executor.cores", "8",
                        "spark.task.cpus", "8",
                        "spark.executor.resource.gpu.amount", "1",
                        "spark.task.resource.gpu.amount", "1",
                        "spark.executor.memoryOverhead", "10g"),
                    4,
                    470_000_000))
        .doesNotThrowAnyException();
  }

  @ParameterizedTest
  @CsvSource({"spark.dynamicAllocation.enabled", "spark.speculation"})
  void ranksThatComeAndGoAreRefused(String key) {
    assertThatThrownBy(() -> Preflight.check(conf(key, "true"), 2, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(key + ": true (expected: false); ranks have to stay as they started");
  }

  @Test
  void executorForTwoRanksIsRefused() {
    assertThatThrownBy(
            () -> Preflight.check(conf("spark.executor.cores", "8", "spark.task.cpus", "4"), 2, 1))
        .hasMessageStartingWith("spark.task.cpus: 4 (expected: 8, as spark.executor.cores)");
  }

  @Test
  void gpuThatNoTaskAsksForIsNamed() {
    assertThatThrownBy(() -> Preflight.check(conf("spark.executor.resource.gpu.amount", "1"), 2, 1))
        .hasMessageStartingWith("spark.task.resource.gpu.amount: unset (expected: 1)");
  }

  @Test
  void localMasterNeedsCoresForItsRanks() {
    assertThatThrownBy(
            () -> Preflight.check(conf("spark.master", "local[2]", "spark.task.cpus", "2"), 2, 1))
        .hasMessageStartingWith(
            "spark.master: local[2] (expected: 4 cores for 2 ranks of 2); give it more cores");
  }

  @Test
  void memoryThatCannotHoldTheModelIsRefused() {
    assertThatThrownBy(
            () -> Preflight.check(conf("spark.executor.memoryOverhead", "2g"), 4, 470_000_000))
        .hasMessageStartingWith("spark.executor.memoryOverhead: 2g (expected: at least 4482m for ");
  }

  @Test
  void allFindingsAreToldAtOnce() {
    assertThatThrownBy(
            () ->
                Preflight.check(
                    conf("spark.speculation", "true", "spark.dynamicAllocation.enabled", "true"),
                    1,
                    1))
        .message()
        .hasLineCount(2);
  }
}
