package org.ofaspark.jobs.finetune;

import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.SparkSession;
import org.ofaspark.jobs.LocalMaster;
import org.ofaspark.jobs.OfaProperties;
import org.ofaspark.jobs.cluster.ExecutorWait;

/**
 * How many ranks a run has: one an executor, unless {@link OfaProperties#RANKS} says otherwise.
 * Driver.
 *
 * <p>Executors come up one after the other, so the number requested counts where there is one; else
 * the executors are counted once no more have started for a while.
 */
public final class WorldSize {

  private static final long SETTLE_MILLIS = 3_000;

  private WorldSize() {}

  /**
   * Returns the number of ranks.
   *
   * @param spark the session, whose executors may still be coming up
   * @throws IllegalArgumentException if the settings do not hold the ranks together, or no executor
   *     starts
   */
  public static int of(SparkSession spark) {
    SparkContext context = spark.sparkContext();
    SparkConf conf = context.getConf();
    if (conf.contains(OfaProperties.RANKS)) {
      return conf.getInt(OfaProperties.RANKS, 1);
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
    Preflight.check(conf); // what would make the wait useless
    return countExecutors(context);
  }

  private static int countExecutors(SparkContext context) {
    ExecutorWait.await(context, 1);
    int count = 0;
    long since = System.nanoTime();
    while (System.nanoTime() - since < TimeUnit.MILLISECONDS.toNanos(SETTLE_MILLIS)) {
      int now = ExecutorWait.count(context);
      if (now != count) {
        count = now;
        since = System.nanoTime();
      }
      ExecutorWait.pause();
    }
    return count;
  }
}
