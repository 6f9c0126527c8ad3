package org.ofaspark.jobs;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.jspecify.annotations.Nullable;

/**
 * A Spark master that is this machine: {@code local[cores]}, one process, or {@code
 * local-cluster[executors, cores, memory]}.
 *
 * @param executors processes that run tasks
 * @param cores of each of them
 * @param isCluster whether executors are processes of their own
 */
public record LocalMaster(int executors, int cores, boolean isCluster) {

  private static final Pattern LOCAL = Pattern.compile("local(?:\\[(\\d+|\\*)(?:\\s*,.*)?])?");
  private static final Pattern CLUSTER =
      Pattern.compile("local-cluster\\[\\s*(\\d+)\\s*,\\s*(\\d+)\\s*,.*]");

  /**
   * Returns the master of an application, if it is this machine.
   *
   * @param conf what the application is started with
   */
  public static Optional<LocalMaster> of(SparkConf conf) {
    String master = conf.get("spark.master", "");
    Matcher local = LOCAL.matcher(master);
    if (local.matches()) {
      return Optional.of(new LocalMaster(1, cores(local.group(1)), false));
    }
    Matcher cluster = CLUSTER.matcher(master);
    if (cluster.matches()) {
      int executors = Integer.parseInt(cluster.group(1));
      return Optional.of(new LocalMaster(executors, Integer.parseInt(cluster.group(2)), true));
    }
    return Optional.empty();
  }

  /**
   * Returns the master of an application whose driver and executor are this one process.
   *
   * @param conf what the application is started with
   */
  public static Optional<LocalMaster> ofOneProcess(SparkConf conf) {
    return of(conf).filter(local -> !local.isCluster());
  }

  private static int cores(@Nullable String text) {
    if (text == null) {
      return 1;
    }
    return text.equals("*") ? Runtime.getRuntime().availableProcessors() : Integer.parseInt(text);
  }
}
