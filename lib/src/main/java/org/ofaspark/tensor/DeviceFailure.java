package org.ofaspark.tensor;

import ai.djl.engine.EngineException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Failures after which a process can use its GPU no more: every later call fails with the same
 * error, so only a new process helps. The engine tells them from others by their text alone.
 */
public final class DeviceFailure {

  /** What CUDA and its libraries say of errors that leave the context unusable. */
  private static final List<String> TEXTS =
      List.of(
          "device-side assert triggered",
          "an illegal memory access was encountered",
          "an illegal instruction was encountered",
          "misaligned address",
          "invalid program counter",
          "operation not supported on global/shared address space",
          "unspecified launch failure",
          "the launch timed out and was terminated",
          "uncorrectable ECC error encountered",
          "uncorrectable NVLink error detected",
          "hardware stack error",
          "Invalid access of peer GPU memory over nvlink or a hardware error",
          "context is destroyed",
          "GPU has fallen off the bus",
          "CUDA error: unknown error",
          "CUBLAS_STATUS_EXECUTION_FAILED",
          "CUDNN_STATUS_EXECUTION_FAILED");

  private DeviceFailure() {}

  /**
   * Tells whether a failure, or a cause of it, is an error of the GPU that stays until the process
   * ends.
   *
   * @param failure any
   */
  public static boolean isPermanent(Throwable failure) {
    @Nullable Throwable cause = failure;
    for (int depth = 0; cause != null && depth < 100; depth++) { // causes may form a circle
      if (cause instanceof EngineException && stays(cause.getMessage())) {
        return true;
      }
      cause = cause.getCause();
    }
    return false;
  }

  private static boolean stays(@Nullable String message) {
    return message != null && TEXTS.stream().anyMatch(message::contains);
  }
}
