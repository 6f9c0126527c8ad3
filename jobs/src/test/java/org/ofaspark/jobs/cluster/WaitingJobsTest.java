package org.ofaspark.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.ofaspark.jobs.ApplicationEnd;

class WaitingJobsTest {

  @Test
  void jobThatNoExecutorWorksAtEndsWithTheReason() throws IOException {
    try (SparkSession spark =
        LocalSpark.executors(1, 1)
            .config("spark.cores.max", 1)
            .config("spark.executor.cores", 2) // more than a worker has: none comes
            .config("spark.ofa.executors-wait", "3s")
            .config("spark.extraListeners", WaitingJobs.class.getName())
            .getOrCreate()) {
      var context = new JavaSparkContext(spark.sparkContext());
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
    }
  }
}
