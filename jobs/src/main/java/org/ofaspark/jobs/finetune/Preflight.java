package org.ofaspark.jobs.finetune;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;

/**
 * What can be told to go wrong before any executor has started. Driver.
 *
 * <p>Each finding is a line that names the key to change. What is not known is not guessed: a
 * cluster that has too few executors is found when the gang meets.
 */
final class Preflight {

  private static final String TASK_CPUS = "spark.task.cpus";
  private static final String EXECUTOR_CORES = "spark.executor.cores";
  private static final String ANY_LOCAL = "local(\\[.*])?";
  private static final Pattern LOCAL = Pattern.compile("local\\[(\\d+)(?:\\s*,.*)?]");
  private static final long MIB = 1L << 20;

  private final SparkConf conf;
  private final int worldSize;
  private final List<String> findings = new ArrayList<>();

  private Preflight(SparkConf conf, int worldSize) {
    this.conf = conf;
    this.worldSize = worldSize;
  }

  /**
   * Checks the settings of an application.
   *
   * @param conf its settings
   * @param worldSize number of ranks
   * @param parameters parameters of the model, trainable or not
   * @throws IllegalArgumentException with a line for each finding
   */
  static void check(SparkConf conf, int worldSize, long parameters) {
    var preflight = new Preflight(conf, worldSize);
    preflight.gangStaysTogether();
    preflight.oneTaskOnEachExecutor();
    preflight.localSlots();
    preflight.memory(parameters);
    if (!preflight.findings.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", preflight.findings));
    }
  }

  /** A rank that comes, goes or runs twice breaks the gang. */
  private void gangStaysTogether() {
    for (String key : List.of("spark.dynamicAllocation.enabled", "spark.speculation")) {
      if (conf.getBoolean(key, false)) {
        find(key, "true", "false", "ranks have to stay as they started");
      }
    }
  }

  private void oneTaskOnEachExecutor() {
    int taskCpus = conf.getInt(TASK_CPUS, 1);
    if (conf.contains(EXECUTOR_CORES) && !conf.get("spark.master", "").matches(ANY_LOCAL)) {
      int cores = conf.getInt(EXECUTOR_CORES, 1);
      if (taskCpus > cores || cores / taskCpus > 1) {
        find(
            TASK_CPUS,
            String.valueOf(taskCpus),
            "%d, as %s".formatted(cores, EXECUTOR_CORES),
            "an executor has one rank, which uses all its cores");
      }
    }
    if (conf.contains("spark.executor.resource.gpu.amount")
        && !conf.contains("spark.task.resource.gpu.amount")) {
      find(
          "spark.task.resource.gpu.amount",
          "unset",
          "1",
          "a rank without a GPU of its own computes on the CPU");
    }
  }

  private void localSlots() {
    Matcher local = LOCAL.matcher(conf.get("spark.master", ""));
    long needed = (long) worldSize * conf.getInt(TASK_CPUS, 1);
    if (local.matches() && needed > Long.parseLong(local.group(1))) {
      find(
          "spark.master",
          conf.get("spark.master"),
          "%d cores for %d ranks of %d".formatted(needed, worldSize, conf.getInt(TASK_CPUS, 1)),
          "give it more cores, or lower " + TASK_CPUS);
    }
  }

  /**
   * Weights and gradient on every rank, and its share of Adam's two moments, in float32; outside of
   * the heap, where YARN and Kubernetes count and kill.
   */
  private void memory(long parameters) {
    String key = "spark.executor.memoryOverhead";
    long needed = (8 * parameters + 8 * parameters / worldSize) / MIB;
    if (conf.contains(key) && conf.getSizeAsMb(key, "0") < needed) {
      find(
          key,
          conf.get(key),
          "at least %dm for %d parameters, and the activations of a micro-batch"
              .formatted(needed, parameters),
          "raise it");
    }
  }

  private void find(String key, String value, String expected, String hint) {
    findings.add("%s: %s (expected: %s); %s".formatted(key, value, expected, hint));
  }
}
