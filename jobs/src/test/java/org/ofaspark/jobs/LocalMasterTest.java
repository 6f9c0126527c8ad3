package org.ofaspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LocalMasterTest {

  private static SparkConf conf(String master) {
    return new SparkConf(false).set("spark.master", master);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "local | 1 | 1 | false",
        "local[3] | 1 | 3 | false",
        "local[4, 2] | 1 | 4 | false",
        "local-cluster[2,3,1024] | 2 | 3 | true",
        "local-cluster[ 2 , 1 , 1024 ] | 2 | 1 | true",
      })
  void thisMachineIsToldByExecutorsAndCores(
      String master, int executors, int cores, boolean isCluster) {
    assertThat(LocalMaster.of(conf(master))).contains(new LocalMaster(executors, cores, isCluster));
  }

  @Test
  void starIsAllProcessors() {
    int processors = Runtime.getRuntime().availableProcessors();
    assertThat(LocalMaster.of(conf("local[*]"))).contains(new LocalMaster(1, processors, false));
  }

  @ParameterizedTest
  @ValueSource(strings = {"yarn", "spark://local:7077", "k8s://https://local[2]", "localhost", ""})
  void otherMastersAreElsewhere(String master) {
    assertThat(LocalMaster.of(conf(master))).isEmpty();
  }
}
