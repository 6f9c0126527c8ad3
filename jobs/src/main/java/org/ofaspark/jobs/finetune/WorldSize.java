package org.ofaspark.jobs.finetune;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.ofaspark.jobs.LocalMaster;
import org.ofaspark.jobs.cluster.BarrierStage;

/**
 * How many ranks a run has: one an executor, unless {@value #RANKS} says otherwise. Driver.
 *
 * <p>Executors come up one after the other, so the number asked for counts where there is one; else
 * the executors are counted once no more have come for a while.
 */
public final class WorldSize {

  /** Spark's property with the number of ranks: in a local master several can share a process. */
  private static final String RANKS = "spark.ofa.ranks";

  /** How long to wait for executors. */
  static final Duration PATIENCE = Duration.ofMinutes(2);

  private static final long SETTLE_MILLIS = 3_000;
  private static final long POLL_MILLIS = 100;

  private WorldSize() {}

  /**
   * Returns the number of ranks.
   *
   * @param spark the session, whose executors may still be coming up
   */
  public static int of(SparkSession spark) {
    var context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    SparkConf conf = context.getConf();
    if (conf.contains(RANKS)) {
      return conf.getInt(RANKS, 1);
    }
    Optional<LocalMaster> local = LocalMaster.of(conf);
    if (local.isPresent()) {
      return local.get().executors();
    }
    if (conf.contains("spark.executor.instances")) {
      return conf.getInt("spark.executor.instances", 1);
    }
    if (conf.contains("spark.cores.max") && conf.contains("spark.executor.cores")) {
      return Math.max(
          1, conf.getInt("spark.cores.max", 1) / conf.getInt("spark.executor.cores", 1));
    }
    return countExecutors(context);
  }

  /**
   * Waits for an executor for each rank, where executors are processes of their own.
   *
   * @param context the application
   * @param worldSize number of ranks
   * @param patience how long
   * @throws IllegalArgumentException if fewer have come by then
   */
  static void requireExecutors(JavaSparkContext context, int worldSize, Duration patience) {
    if (LocalMaster.ofOneProcess(context.getConf()).isPresent()) {
      return;
    }
    long start = System.nanoTime();
    int count = BarrierStage.executors(context.sc());
    while (count < worldSize) {
      if (System.nanoTime() - start > patience.toNanos()) {
        throw new IllegalArgumentException(
            "ranks: %d (expected: at most %d, the executors that have come within %d s)"
                    .formatted(worldSize, count, patience.toSeconds())
                + "; ask for fewer with spark.executor.instances, spark.cores.max or "
                + RANKS
                + ", or give the application more of the cluster");
      }
      pause();
      count = BarrierStage.executors(context.sc());
    }
  }

  private static int countExecutors(JavaSparkContext context) {
    int count = 0;
    long since = System.nanoTime();
    while (count == 0 || System.nanoTime() - since < TimeUnit.MILLISECONDS.toNanos(SETTLE_MILLIS)) {
      int now = BarrierStage.executors(context.sc());
      if (now != count) {
        count = now;
        since = System.nanoTime();
      }
      if (count == 0 && System.nanoTime() - since > PATIENCE.toNanos()) {
        throw new IllegalStateException(
            "executors: none after %d s (expected: at least 1); has the cluster free resources?"
                .formatted(PATIENCE.toSeconds()));
      }
      pause();
    }
    return count;
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while counting executors", e);
    }
  }
}
