package org.ofaspark.jobs.finetune;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.apache.spark.network.util.JavaUtils;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.LocalMaster;
import org.ofaspark.jobs.OfaProperties;
import org.ofaspark.jobs.cluster.AssignedDevice;
import org.ofaspark.jobs.cluster.SparkCollective;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.train.TrainConfig;

/**
 * Checks the recipe and Spark's settings before any executor starts. Driver.
 *
 * <p>Each finding is a line that names the key to change. What is not known is not guessed: a
 * cluster that has too few executors is noticed when the ranks start.
 */
final class Preflight {

  private static final String TASK_CPUS = "spark.task.cpus";
  private static final String EXECUTOR_CORES = "spark.executor.cores";
  private static final String OVERHEAD = "spark.executor.memoryOverhead";
  private static final String HEAP = "spark.executor.memory";
  private static final String OPTIONS = "spark.executor.extraJavaOptions";
  private static final long MIB = 1L << 20;
  private static final Pattern DIRECT_MEMORY =
      Pattern.compile("-XX:MaxDirectMemorySize=(\\d+[kKmMgGtT]?)");

  /** What the engine takes for itself: its libraries, its compiled operators, its threads. */
  private static final long ENGINE_BYTES = 300 * MIB;

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
   * @param recipe the run
   * @param worldSize number of ranks
   * @param parameters parameters of the model, trainable or not
   * @param activations estimated bytes of the activations of a sample
   * @throws IllegalArgumentException with a line for each finding
   */
  static void check(
      SparkConf conf, Recipe recipe, int worldSize, long parameters, long activations) {
    var preflight = new Preflight(conf, worldSize);
    preflight.executors();
    preflight.localSlots();
    preflight.memory(recipe, parameters, activations);
    preflight.directMemory();
    preflight.sameWorkForEachRank(recipe.train());
    AssignedDevice.objection(conf, "train.precision", recipe.train().precision())
        .ifPresent(preflight.findings::add);
    preflight.end();
  }

  /**
   * Checks what can be checked before the number of ranks is known.
   *
   * @param conf settings of the application
   * @throws IllegalArgumentException with a line for each finding
   */
  static void check(SparkConf conf) {
    var preflight = new Preflight(conf, 1);
    preflight.executors();
    preflight.end();
  }

  private void executors() {
    ranksStay();
    oneTaskOnEachExecutor();
    for (String key :
        List.of(
            OfaProperties.EXECUTORS_WAIT, OfaProperties.OUTAGE_WAIT, OfaProperties.STUCK_TIMEOUT)) {
      try {
        var unused = OfaProperties.time(conf, key);
      } catch (IllegalArgumentException e) {
        findings.add(String.valueOf(e.getMessage()));
      }
    }
  }

  private void end() {
    if (!findings.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", findings));
    }
  }

  /** The barrier stage fails if a rank is added, removed or run twice. */
  private void ranksStay() {
    for (String key : List.of("spark.dynamicAllocation.enabled", "spark.speculation")) {
      if (conf.getBoolean(key, false)) {
        find(key, "true", "false", "ranks have to stay as they started");
      }
    }
  }

  private void oneTaskOnEachExecutor() {
    int taskCpus = conf.getInt(TASK_CPUS, 1);
    if (conf.contains(EXECUTOR_CORES) && LocalMaster.ofOneProcess(conf).isEmpty()) {
      int cores = conf.getInt(EXECUTOR_CORES, 1);
      if (taskCpus > cores || cores / taskCpus > 1) {
        find(
            TASK_CPUS,
            String.valueOf(taskCpus),
            Text.format("%d, as %s", cores, EXECUTOR_CORES),
            "an executor has one rank, which uses all its cores");
      }
    }
    boolean isStandalone = conf.get("spark.master", "").startsWith("spark://");
    if (isStandalone && !conf.contains(EXECUTOR_CORES) && !conf.contains(TASK_CPUS)) {
      find(
          EXECUTOR_CORES,
          "unset",
          "the cores of a rank",
          "an executor takes all cores of its worker, where several ranks may then come together");
    }
    if (conf.contains("spark.executor.resource.gpu.amount")
        && !conf.contains(AssignedDevice.TASK_GPUS)) {
      find(
          AssignedDevice.TASK_GPUS,
          "unset",
          "1",
          "a rank without a GPU of its own computes on the CPU");
    }
  }

  private void localSlots() {
    long needed = (long) worldSize * conf.getInt(TASK_CPUS, 1);
    if (LocalMaster.ofOneProcess(conf).filter(local -> local.cores() < needed).isPresent()) {
      find(
          "spark.master",
          conf.get("spark.master"),
          Text.format("%d cores for %d ranks of %d", needed, worldSize, conf.getInt(TASK_CPUS, 1)),
          "give it more cores, or lower " + TASK_CPUS);
    }
  }

  /**
   * Outside of the heap, where YARN and Kubernetes count and kill: the engine itself, weights and
   * gradient, the rank's share of Adam's two moments and of the average, and the larger of
   * activations and the weights that a validation reads while ranks keep theirs. With a GPU only
   * what several ranks exchange: a copy of the gradient or the weights, and messages.
   */
  private void memory(Recipe recipe, long parameters, long activations) {
    boolean hasGpu = conf.contains(AssignedDevice.TASK_GPUS);
    long shares = recipe.numerics().averages() ? 3 : 2;
    int batchSize = recipe.train().batchSize();
    long batch = batchSize * activations;
    long needed =
        ENGINE_BYTES
            + (hasGpu
                ? (worldSize > 1 ? 4 * parameters : 0) + SparkCollective.messageBytes(worldSize)
                : 8 * parameters
                    + shares * 4 * parameters / worldSize
                    + Math.max(batch, 4 * parameters));
    overheadMebibytes()
        .filter(limit -> limit < needed / MIB)
        .ifPresent(
            limit ->
                find(
                    OVERHEAD,
                    conf.get(OVERHEAD, "unset, which is " + limit + "m"),
                    Text.format(
                        "at least %dm for %d parameters and a micro-batch of %d",
                        needed / MIB, parameters, batchSize),
                    "raise it"
                        + (hasGpu || batch < 4 * parameters ? "" : ", or lower train.batch-size")));
  }

  /** The messages of ranks lie in Java's direct memory. */
  private void directMemory() {
    Matcher set =
        DIRECT_MEMORY.matcher(
            conf.get("spark.executor.defaultJavaOptions", "") + " " + conf.get(OPTIONS, ""));
    String key = HEAP;
    String limit = conf.get(HEAP, "1g");
    while (set.find()) {
      key = OPTIONS;
      limit = set.group(1);
    }
    long needed = SparkCollective.messageBytes(worldSize) / MIB;
    if (JavaUtils.byteStringAsBytes(limit) / MIB < needed) {
      find(
          key,
          limit,
          Text.format("at least %dm for messages of %d ranks", needed, worldSize),
          Text.format(
              "it limits direct memory too, unless %s have -XX:MaxDirectMemorySize", OPTIONS));
    }
  }

  /** Returns the limit of memory outside of the heap, if the cluster manager has one. */
  private Optional<Long> overheadMebibytes() {
    if (conf.contains(OVERHEAD)) {
      return Optional.of(conf.getSizeAsMb(OVERHEAD, "0"));
    }
    if (!conf.get("spark.master", "").matches("yarn|k8s:.*")) {
      return Optional.empty();
    }
    double factor = conf.getDouble("spark.executor.memoryOverheadFactor", 0.1);
    double heap = conf.getSizeAsMb(HEAP, "1g");
    return Optional.of(Math.max(384, (long) (factor * heap)));
  }

  private void sameWorkForEachRank(TrainConfig train) {
    long share = (long) train.batchSize() * worldSize;
    long below = train.globalBatch() / share * share;
    if (below != train.globalBatch()) {
      find(
          "train.global-batch",
          String.valueOf(train.globalBatch()),
          Text.format(
              "a multiple of train.batch-size, %d, times %d ranks, such as %s%d",
              train.batchSize(), worldSize, below == 0 ? "" : below + " or ", below + share),
          "change it, train.batch-size or the number of executors");
    }
  }

  private void find(String key, String value, String expected, String hint) {
    findings.add(Text.format("%s: %s (expected: %s); %s", key, value, expected, hint));
  }
}
