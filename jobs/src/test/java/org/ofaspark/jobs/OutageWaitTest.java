package org.ofaspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.ofaspark.jobs.cluster.LogLines;

class OutageWaitTest {

  private final SparkConf conf = new SparkConf(false);

  /** Fails in each way, one after the other, then succeeds. */
  private int tries(RuntimeException... failures) {
    Iterator<RuntimeException> left = Arrays.asList(failures).iterator();
    int[] tries = {0};
    return OutageWait.through(
        conf,
        () -> {
          tries[0]++;
          if (left.hasNext()) {
            throw left.next();
          }
          return tries[0];
        });
  }

  private static UncheckedIOException outage() {
    return new UncheckedIOException(new ConnectException("refused"));
  }

  @Test
  void workIsDoneAgainUntilTheFileSystemAnswers() {
    try (var log = new LogLines(OutageWait.class)) {
      assertThat(tries(outage(), outage())).isEqualTo(3);
      assertThat(log.lines())
          .hasSize(2)
          .contains("INFO The file system answers again")
          .first()
          .asString()
          .startsWith(
              "WARN Waiting for the file system for 0 s (at most 600, spark.ofa.outage-wait)")
          .contains(": refused;");
    }
  }

  @Test
  void otherFailuresAreToldAtOnce() {
    List<RuntimeException> others =
        List.of(
            new UncheckedIOException(new IOException("disk full")),
            new IllegalArgumentException("data.table: x (expected: a table)"),
            new ExplainedException("training failed after 600 s of waiting", outage()));
    for (RuntimeException other : others) {
      assertThatThrownBy(() -> tries(other)).isSameAs(other);
    }
  }

  @Test
  void waitHasAnEnd() {
    conf.set(OfaProperties.OUTAGE_WAIT, "1ms");
    UncheckedIOException outage = outage();
    assertThatThrownBy(() -> tries(outage)).isSameAs(outage);
  }
}
