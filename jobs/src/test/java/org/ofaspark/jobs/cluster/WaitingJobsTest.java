package org.ofaspark.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.ofaspark.jobs.ApplicationEnd;

@Timeout(60)
class WaitingJobsTest {

  private static final Duration OFTEN = Duration.ofMillis(500);

  @Test
  void jobThatNoExecutorWorksAtIsToldAndEndsWithTheReason() throws IOException {
    try (SparkSession spark =
            LocalSpark.executors(1, 1)
                .config("spark.cores.max", 1)
                .config("spark.executor.cores", 2) // more than a worker has: none comes
                .config("spark.ofa.executors-wait", "3s")
                .config("spark.extraListeners", WaitingJobs.class.getName())
                .getOrCreate();
        var log = new LogLines(WaitingJobs.class);
        var logOfWait = new LogLines(ExecutorWait.class)) {
      var context = new JavaSparkContext(spark.sparkContext());
      context.sc().addSparkListener(new WaitingJobs(context.getConf(), OFTEN));
      assertThatThrownBy(() -> context.parallelize(List.of(1), 1).count())
          .satisfies(
              failure ->
                  assertThat(ApplicationEnd.shortage(failure))
                      .hasValueSatisfying(
                          text ->
                              assertThat(text)
                                  .startsWith(
                                      "executors: 0 (expected: 1 within spark.ofa.executors-wait,"
                                          + " 3 s); give the application more of the cluster")));
      String line = "INFO Waiting for executors: 0 of %d are up after %d s (at most 3, spark.ofa.";
      assertThat(log.lines())
          .anySatisfy(told -> assertThat(told).startsWith(line.formatted(1, 1)))
          .hasSizeLessThan(8);

      assertThatThrownBy(() -> ExecutorWait.await(context.sc(), 2, OFTEN))
          .hasMessageStartingWith(
              "executors: 0 (expected: 2 within spark.ofa.executors-wait, 3 s)");
      assertThat(logOfWait.lines())
          .hasSizeBetween(3, 6)
          .anySatisfy(told -> assertThat(told).startsWith(line.formatted(2, 1)));
    }
  }

  @Test
  void jobThatIsWorkedAtMayTakeItsTime() {
    try (SparkSession spark =
            LocalSpark.builder("local[1]")
                .config("spark.ofa.executors-wait", "200ms")
                .config("spark.extraListeners", WaitingJobs.class.getName())
                .getOrCreate();
        var log = new LogLines(WaitingJobs.class)) {
      var context = new JavaSparkContext(spark.sparkContext());
      assertThat(context.parallelize(List.of(1000), 1).map(WaitingJobsTest::sleep).count())
          .isEqualTo(1);
      assertThat(log.lines()).isEmpty();
    }
  }

  @Test
  void executorsThatAreThereAreNotSaidToBeMissing() {
    try (SparkSession spark =
        LocalSpark.builder("local[1]").config("spark.ofa.executors-wait", "100s").getOrCreate()) {
      assertThat(ExecutorWait.idleLine(spark.sparkContext(), TimeUnit.SECONDS.toNanos(15)))
          .isEqualTo(
              "Waiting for a task to start: none in 15 s (at most 100, spark.ofa.executors-wait),"
                  + " with executors: 1");
      assertThat(ExecutorWait.idleTooLong(spark.sparkContext()))
          .startsWith(
              "executors: 1, of which none starts a task (expected: one within"
                  + " spark.ofa.executors-wait, 100 s); do tasks ask for more than an executor"
                  + " has");
    }
  }

  private static int sleep(int millis) throws InterruptedException {
    TimeUnit.MILLISECONDS.sleep(millis);
    return millis;
  }
}
