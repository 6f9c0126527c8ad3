package org.ofaspark.jobs.cluster;

import ai.djl.Device;
import java.util.List;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.ExplainedException;
import org.ofaspark.nn.TensorSpec;
import org.ofaspark.tensor.OutOfMemory;

/** The error for a model that does not fit on its device. Executor. */
public final class DeviceMemory {

  private DeviceMemory() {}

  /**
   * Returns the bytes of a model's values.
   *
   * @param specs its tensors
   */
  public static long bytes(List<TensorSpec> specs) {
    return Float.BYTES * specs.stream().mapToLong(TensorSpec::size).sum();
  }

  /**
   * Explains a failure for want of memory.
   *
   * @param failure any, while a model is loaded
   * @param device where
   * @param bytes that the model needs
   * @param what they are for
   * @return what is to be thrown: the failure itself if it has another reason
   */
  public static RuntimeException explained(
      RuntimeException failure, Device device, long bytes, String what) {
    if (!OutOfMemory.is(failure)) {
      return failure;
    }
    return new ExplainedException(
        Text.format(
            "memory of %s: too little for %d bytes of %s (expected: as many free); %s than"
                + " this, end what else uses it, or take a smaller model; the engine says: %s",
            device,
            bytes,
            what,
            device.isGpu() ? "take a GPU with more" : "give executors more",
            String.valueOf(failure.getMessage()).lines().findFirst().orElse("")),
        failure);
  }
}
