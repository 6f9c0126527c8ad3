package org.ofaspark.jobs.cluster;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.spark.SparkConf;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.ExplainedException;
import org.ofaspark.tensor.Precision;
import org.ofaspark.tensor.TorchRuntime;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The device of a task: the GPU that Spark assigns it, else the CPU. Executor.
 *
 * <p>Spark's address counts the GPUs of the machine, unless the cluster manager hides the others
 * with {@code CUDA_VISIBLE_DEVICES}; then the engine sees one, and its number is the index of the
 * address in that list.
 */
public final class AssignedDevice {

  static final String VISIBLE = "CUDA_VISIBLE_DEVICES";
  private static final String LIBRARY = "PYTORCH_LIBRARY_PATH";
  private static final Logger LOG = LoggerFactory.getLogger(AssignedDevice.class);

  /** Spark's setting for how many GPUs a task has. */
  public static final String TASK_GPUS = "spark.task.resource.gpu.amount";

  /** The engine's words for an operator that its build does not have. */
  private static final String NO_CUDA_BUILD = "'CUDA' backend";

  /** What an executor needs for a GPU, as in conf/spark. */
  private static final String LINES =
      """
      ; add these lines, as in conf/spark/yarn-gpu.conf:
        spark.executorEnv.PYTORCH_LIBRARY_PATH  FOLDER (of libtorch 2.7.1+cu128, with libtorch.so)
        spark.executorEnv.PYTORCH_FLAVOR        cu128\
      """;

  /** What a process needs for a library that is not in the jar. */
  private static final String OWN_LIBRARY =
      "; with a jar of mvn -Pno-native, or another library than the jar's, set PYTORCH_LIBRARY_PATH"
          + " to a folder of libtorch 2.7.1 with libtorch.so, and PYTORCH_FLAVOR to cpu, as"
          + " spark.executorEnv.*, or before the command where the master is local; else see"
          + " DJL_CACHE_DIR, where the jar's is unpacked";

  private AssignedDevice() {}

  /**
   * Loads the engine, lets it use the cores of a task, and opens the device of the task. Nothing of
   * the engine may be used before.
   *
   * @param task the task
   * @throws ExplainedException if the engine cannot be loaded, or cannot open the GPU
   */
  public static Device of(TaskContext task) {
    LostDevice.await();
    Optional<String> address = address(task);
    try {
      TorchRuntime.useThreads(task.cpus());
      LOG.debug("libtorch {} in {}", TorchRuntime.version(), TorchRuntime.folder());
    } catch (RuntimeException | LinkageError e) {
      throw unloadable(SparkChannels.host(), e, address.isPresent());
    }
    Optional<String> visible = Optional.ofNullable(System.getenv(VISIBLE));
    return address
        .map(known -> opened(SparkChannels.host(), known, Device.gpu(number(known, visible))))
        .orElse(Device.cpu());
  }

  static ExplainedException unloadable(String host, Throwable failure, boolean hasGpu) {
    return new ExplainedException(
        Text.format(
            "libtorch on %s: cannot be loaded: %s (expected: a library for this machine)%s",
            host, RankReporter.inWords(failure), hasGpu ? LINES : OWN_LIBRARY),
        failure);
  }

  /** Returns Spark's address of a task's GPU, if it has one. */
  static Optional<String> address(TaskContext task) {
    ResourceInformation gpus = task.resourcesJMap().get("gpu");
    return gpus == null ? Optional.empty() : Arrays.stream(gpus.addresses()).findFirst();
  }

  /** Tries a GPU, so that an error names it by both its numbers. */
  static Device opened(String host, String address, Device gpu) {
    try (NDManager manager = TorchRuntime.newManager(gpu)) {
      manager.zeros(new Shape(1)).close();
      return gpu;
    } catch (EngineException e) {
      String message = String.valueOf(e.getMessage());
      boolean isCpuBuild = message.contains(NO_CUDA_BUILD);
      String what =
          Text.format(
              "GPU address: %s, which is %s of the engine on %s: libtorch %s in %s ",
              address, gpu, host, TorchRuntime.version(), TorchRuntime.folder());
      if (isCpuBuild) { // the engine goes on to list all that it has instead
        throw new ExplainedException(
            what
                + "is built for CPUs (expected: for CUDA)"
                + ignored(Optional.ofNullable(System.getenv(LIBRARY)), TorchRuntime.folder())
                + LINES);
      }
      throw new ExplainedException(
          what
              + Text.format(
                  "cannot open it: %s (expected: a GPU that it sees); see nvidia-smi and",
                  message.lines().findFirst().orElse(""))
              + " CUDA_VISIBLE_DEVICES there, which is "
              + Optional.ofNullable(System.getenv(VISIBLE)).orElse("unset"),
          e);
    }
  }

  /** Says so if the engine was not taken from where it should have been. */
  static String ignored(Optional<String> wanted, Path folder) {
    return wanted
        .filter(path -> !folder.equals(Path.of(path).toAbsolutePath()))
        .map(path -> Text.format("; %s is %s, which has no libtorch.so", LIBRARY, path))
        .orElse("");
  }

  /**
   * Says why a precision does not suit the devices of an application, if so.
   *
   * @param conf its settings
   * @param key the recipe's key of the precision
   * @param precision the precision
   */
  public static Optional<String> objection(SparkConf conf, String key, Precision precision) {
    if (precision != Precision.FP16 || conf.contains(TASK_GPUS)) {
      return Optional.empty();
    }
    return Optional.of(
        Text.format(
                "%s: fp16 (expected: fp32 or bf16 where no GPU is requested); float16 is 80 times"
                    + " slower on",
                key)
            + " a CPU; change it, or request GPUs with "
            + TASK_GPUS);
  }

  /**
   * Returns the engine's number of a GPU.
   *
   * @param address Spark's address of it
   * @param visible the value of CUDA_VISIBLE_DEVICES, if it is set
   */
  static int number(String address, Optional<String> visible) {
    int index = entries(visible).indexOf(address);
    if (index >= 0) {
      return index;
    }
    try {
      return Integer.parseInt(address);
    } catch (NumberFormatException e) {
      throw new ExplainedException(
          Text.format("GPU address: %s (expected: a number, as nvidia-smi gives it); see", address)
              + " spark.executor.resource.gpu.discoveryScript",
          e);
    }
  }

  /** Returns the entries of CUDA_VISIBLE_DEVICES; none if it is not set, or empty. */
  static List<String> entries(Optional<String> visible) {
    return visible.filter(text -> !text.isBlank()).stream()
        .flatMap(text -> Arrays.stream(text.split(",", -1)))
        .map(String::strip)
        .toList();
  }
}
