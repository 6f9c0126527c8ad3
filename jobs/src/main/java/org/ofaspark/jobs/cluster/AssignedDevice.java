package org.ofaspark.jobs.cluster;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Optional;
import org.apache.spark.SparkConf;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;
import org.ofaspark.tensor.TorchRuntime;
import org.ofaspark.train.TrainConfig.Precision;

/**
 * The device of a task: the GPU that Spark assigns it, else the CPU. Executor.
 *
 * <p>Spark's address counts the GPUs of the machine, unless the cluster manager hides the others
 * with {@code CUDA_VISIBLE_DEVICES}; then the engine sees one, and its number is the place of the
 * address in that list.
 */
public final class AssignedDevice {

  /** Spark's setting for how many GPUs a task has. */
  public static final String TASK_GPUS = "spark.task.resource.gpu.amount";

  private AssignedDevice() {}

  /**
   * Returns the device of a task.
   *
   * @param task the task
   * @throws IllegalStateException if the engine cannot open the GPU
   */
  public static Device of(TaskContext task) {
    ResourceInformation gpus = task.resourcesJMap().get("gpu");
    if (gpus == null || gpus.addresses().length == 0) {
      return Device.cpu();
    }
    String address = gpus.addresses()[0];
    Optional<String> visible = Optional.ofNullable(System.getenv("CUDA_VISIBLE_DEVICES"));
    return opened(address, Device.gpu(number(address, visible)));
  }

  /** Tries a GPU, so that one which cannot be used is told by both its names. */
  static Device opened(String address, Device gpu) {
    try (NDManager manager = TorchRuntime.newManager(gpu)) {
      manager.zeros(new Shape(1)).close();
      return gpu;
    } catch (EngineException e) {
      throw new IllegalStateException(
          "GPU address: %s, which is %s of the engine: cannot be opened by libtorch %s (expected: a"
                  .formatted(address, gpu, TorchRuntime.version())
              + " CUDA build that sees it); see PYTORCH_LIBRARY_PATH in conf/spark",
          e);
    }
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
        "%s: fp16 (expected: fp32 or bf16 where no GPU is asked for); float16 is 80 times slower on"
                .formatted(key)
            + " a CPU; change it, or ask for GPUs with "
            + TASK_GPUS);
  }

  /**
   * Returns the engine's number of a GPU.
   *
   * @param address Spark's address of it
   * @param visible the value of CUDA_VISIBLE_DEVICES, if it is set
   */
  static int number(String address, Optional<String> visible) {
    if (visible.isPresent() && !visible.get().isBlank()) {
      int place = java.util.List.of(visible.get().split(",", -1)).indexOf(address);
      if (place >= 0) {
        return place;
      }
    }
    try {
      return Integer.parseInt(address);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "GPU address: %s (expected: a number, as nvidia-smi gives it); see".formatted(address)
              + " spark.executor.resource.gpu.discoveryScript",
          e);
    }
  }
}
