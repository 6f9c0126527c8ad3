package org.ofaspark.jobs.table;

import org.apache.spark.sql.SparkSession;

/** Cuts work into partitions by what the cluster can run at once. Driver. */
public final class Partitions {

  private Partitions() {}

  /**
   * Returns a number of partitions.
   *
   * @param spark the session
   * @param each partitions for each slot of the cluster, so that slots that end early find more
   */
  public static int perSlot(SparkSession spark, int each) {
    return each * Math.max(1, spark.sparkContext().defaultParallelism());
  }
}
