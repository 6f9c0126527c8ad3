package org.ofaspark.jobs.cluster;

import org.apache.spark.sql.SparkSession;

/** Spark sessions of tests: on loopback, without a page, quiet. */
public final class LocalSpark {

  private LocalSpark() {}

  /**
   * Starts a session.
   *
   * @param master such as {@code local[2]}
   */
  public static SparkSession start(String master) {
    return builder(master).getOrCreate();
  }

  /** Returns a builder with the settings of all tests. */
  public static SparkSession.Builder builder(String master) {
    return SparkSession.builder()
        .master(master)
        .appName("test")
        .config("spark.ui.enabled", false)
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", 2)
        .config("spark.log.level", "WARN");
  }
}
