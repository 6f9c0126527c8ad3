package org.ofaspark.jobs;

import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;

/** How many cores a task needs to have an executor for itself. */
final class TaskCores {

  private static final Pattern LOCAL = Pattern.compile("local\\[(\\d+|\\*)(?:\\s*,.*)?]");
  private static final Pattern LOCAL_CLUSTER =
      Pattern.compile("local-cluster\\[\\s*\\d+\\s*,\\s*(\\d+)\\s*,.*]");

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
    String master = conf.get("spark.master", "");
    Matcher local = LOCAL.matcher(master);
    if (local.matches()) {
      int cores =
          local.group(1).equals("*")
              ? Runtime.getRuntime().availableProcessors()
              : Integer.parseInt(local.group(1));
      return OptionalInt.of(Math.max(1, cores / conf.getInt("spark.ofa.ranks", 1)));
    }
    Matcher cluster = LOCAL_CLUSTER.matcher(master);
    if (cluster.matches()) {
      return OptionalInt.of(Integer.parseInt(cluster.group(1)));
    }
    return conf.contains("spark.executor.cores")
        ? OptionalInt.of(conf.getInt("spark.executor.cores", 1))
        : OptionalInt.empty();
  }
}
