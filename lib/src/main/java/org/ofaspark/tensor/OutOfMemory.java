package org.ofaspark.tensor;

import ai.djl.engine.EngineException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Failures of the engine for want of memory, which it tells from others by their text alone. */
public final class OutOfMemory {

  private static final List<String> TEXTS =
      List.of(
          "out of memory",
          "not enough memory",
          "can't allocate memory",
          "CUBLAS_STATUS_ALLOC_FAILED",
          "CUDNN_STATUS_ALLOC_FAILED",
          // what cuDNN says where no algorithm finds room for its workspace
          "unable to find an engine to execute this computation");

  private OutOfMemory() {}

  /**
   * Tells whether an operation failed because its device has no room for the result.
   *
   * @param failure any
   */
  public static boolean is(Throwable failure) {
    @Nullable String message = failure.getMessage();
    return failure instanceof EngineException
        && message != null
        && TEXTS.stream().anyMatch(message::contains);
  }
}
