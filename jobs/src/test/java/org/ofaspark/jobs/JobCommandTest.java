package org.ofaspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

class JobCommandTest {

  private static final String PREFIX = "spark.executorEnv.";

  @Test
  void variablesThatAreSetStayAsTheyAre() throws Exception {
    System.setProperty(PREFIX + "MALLOC_ARENA_MAX", "4");
    System.setProperty(PREFIX + "NVIDIA_TF32_OVERRIDE", "1");
    try (SparkSession spark =
        JobCommand.session("test")
            .master("local[1]")
            .config("spark.ui.enabled", false)
            .getOrCreate()) {
      assertThat(spark.conf().get(PREFIX + "MALLOC_ARENA_MAX")).isEqualTo("4");
      assertThat(spark.conf().get(PREFIX + "MALLOC_TRIM_THRESHOLD_")).isEqualTo("1073741824");
      assertThat(spark.conf().get(PREFIX + "NVIDIA_TF32_OVERRIDE")).isEqualTo("1");
      assertThat(spark.conf().get(PREFIX + "CUDA_DEVICE_ORDER")).isEqualTo("PCI_BUS_ID");
    } finally {
      System.clearProperty(PREFIX + "MALLOC_ARENA_MAX");
      System.clearProperty(PREFIX + "NVIDIA_TF32_OVERRIDE");
    }
  }

  @Test
  void launcherSetsTheSameForTheDriver() throws IOException {
    String launcher = Files.readString(Path.of("../submit/.launch"));

    JobCommand.ALLOCATOR.forEach(
        (variable, value) ->
            assertThat(launcher)
                .contains("export %1$s=${%1$s:-%2$s}\n".formatted(variable, value)));
  }

  @Test
  void clustersDefaultsThatBreakAGangAreSwitchedOff() {
    System.setProperty("spark.dynamicAllocation.enabled", "true");
    System.setProperty("spark.speculation", "true");
    try {
      assertThatThrownBy(() -> JobCommand.sessionOfRanks("test"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "spark.executor.instances: unset (expected: the number of ranks, as"
                  + " spark.dynamicAllocation.enabled is true and has no meaning here); add --"
                  + " --conf spark.executor.instances=NUMBER");
      System.setProperty("spark.master", "local[1]");
      try (SparkSession spark =
          JobCommand.sessionOfRanks("test").config("spark.ui.enabled", false).getOrCreate()) {
        assertThat(spark.sparkContext().getConf().get("spark.speculation")).isEqualTo("false");
        assertThat(spark.sparkContext().getConf().get("spark.dynamicAllocation.enabled"))
            .isEqualTo("false");
      }
    } finally {
      System.clearProperty("spark.dynamicAllocation.enabled");
      System.clearProperty("spark.speculation");
      System.clearProperty("spark.master");
    }
  }
}
