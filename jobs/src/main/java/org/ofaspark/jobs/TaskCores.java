package org.ofaspark.jobs;

import java.util.Optional;
import java.util.OptionalInt;
import org.apache.spark.SparkConf;

/** How many cores a task needs to have an executor for itself. */
final class TaskCores {

  private TaskCores() {}

  /**
   * Returns the cores of an executor, shared by the ranks of a local master.
   *
   * @param conf what the application is started with
   * @return empty if the user has said how many cores a task has, or nothing is known
   */
  static OptionalInt of(SparkConf conf) {
    if (conf.contains("spark.task.cpus")) {
      return OptionalInt.empty();
    }
    Optional<LocalMaster> local = LocalMaster.of(conf);
    if (local.isPresent()) {
      int ranks = local.get().isCluster() ? 1 : conf.getInt(OfaProperties.RANKS, 1);
      return OptionalInt.of(Math.max(1, local.get().cores() / ranks));
    }
    return conf.contains("spark.executor.cores")
        ? OptionalInt.of(conf.getInt("spark.executor.cores", 1))
        : OptionalInt.empty();
  }
}
