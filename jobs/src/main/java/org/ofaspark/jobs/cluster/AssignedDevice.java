package org.ofaspark.jobs.cluster;

import ai.djl.Device;
import java.util.Optional;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The device of a task: the GPU that Spark assigns it, else the CPU. Executor.
 *
 * <p>Spark's address counts the GPUs of the machine, unless the cluster manager hides the others
 * with {@code CUDA_VISIBLE_DEVICES}; then the engine sees one, and its number is the place of the
 * address in that list.
 */
public final class AssignedDevice {

  private static final Logger LOG = LoggerFactory.getLogger(AssignedDevice.class);

  private AssignedDevice() {}

  /**
   * Returns the device of a task.
   *
   * @param task the task
   */
  public static Device of(TaskContext task) {
    ResourceInformation gpus = task.resourcesJMap().get("gpu");
    if (gpus == null || gpus.addresses().length == 0) {
      LOG.info("No GPU is assigned to this task: computing on the CPU");
      return Device.cpu();
    }
    String address = gpus.addresses()[0];
    return Device.gpu(number(address, Optional.ofNullable(System.getenv("CUDA_VISIBLE_DEVICES"))));
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
