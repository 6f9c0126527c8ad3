package org.ofaspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OfaPropertiesTest {

  @Test
  void timesAreWrittenAsSparks() {
    SparkConf conf = new SparkConf(false).set(OfaProperties.EXECUTORS_WAIT, "20min");
    assertThat(OfaProperties.time(conf, OfaProperties.EXECUTORS_WAIT)).hasMinutes(20);
    assertThat(OfaProperties.time(conf, OfaProperties.OUTAGE_WAIT)).hasSeconds(600);
    assertThat(OfaProperties.time(conf, OfaProperties.STUCK_TIMEOUT))
        .isEqualTo(Duration.ofMinutes(30));
  }

  @ParameterizedTest
  @ValueSource(strings = {"soon", "0", "-3s"})
  void timesThatAreNoneAreNamed(String text) {
    SparkConf conf = new SparkConf(false).set(OfaProperties.EXECUTORS_WAIT, text);
    assertThatThrownBy(() -> OfaProperties.time(conf, OfaProperties.EXECUTORS_WAIT))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "spark.ofa.executors-wait: %s (expected: a time above 0, such as 600s or 10min)", text);
  }
}
