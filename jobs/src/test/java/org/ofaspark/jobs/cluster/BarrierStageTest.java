package org.ofaspark.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Barrier stages beside other work of the same application. */
class BarrierStageTest {

  /** Shared with the tasks, which are of this process. */
  private static final CountDownLatch OTHER_STARTED = new CountDownLatch(1);

  private static final CountDownLatch OTHER_MAY_END = new CountDownLatch(1);

  private static SparkSession spark;

  @BeforeAll
  static void start() {
    spark = LocalSpark.builder("local[2]").config("spark.ofa.executors-wait", "4s").getOrCreate();
  }

  @AfterAll
  static void stop() {
    OTHER_MAY_END.countDown();
    spark.stop();
  }

  private static List<Integer> squares(JavaSparkContext context) {
    JavaRDD<Integer> numbers = context.parallelize(List.of(2, 3), 2);
    return BarrierStage.collect(
        numbers,
        rows -> {
          TimeUnit.MILLISECONDS.sleep(4_500); // longer than what it may wait for places
          int number = rows.next();
          return List.of(number * number).iterator();
        },
        Integer.class);
  }

  @Test
  void stageThatFindsNoPlacesEndsWithTheReason() throws Exception {
    var context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    assertThat(squares(context)).containsExactly(4, 9);

    var other =
        new Thread(
            () ->
                context
                    .parallelize(List.of(1), 1)
                    .foreach(
                        one -> {
                          OTHER_STARTED.countDown();
                          boolean unused = OTHER_MAY_END.await(1, TimeUnit.MINUTES);
                        }));
    other.start();
    assertThat(OTHER_STARTED.await(30, TimeUnit.SECONDS)).isTrue();
    assertTimeout(
        Duration.ofSeconds(30),
        () ->
            assertThatThrownBy(() -> squares(context))
                .hasMessageContaining(
                    "no slots for 2 tasks at once within spark.ofa.executors-wait, 4 s (expected:"
                        + " 1 free cores for each); this is one process, and something else has its"
                        + " cores"));
    OTHER_MAY_END.countDown();
    other.join(30_000);
    assertThat(squares(context)).containsExactly(4, 9);
  }
}
