package org.ofaspark.collective;

import org.jspecify.annotations.Nullable;

/** A collective operation could not be finished: a rank was lost, late or out of step. */
public final class CollectiveException extends RuntimeException {

  private static final long serialVersionUID = 1;

  /**
   * Creates an exception.
   *
   * @param message what happened, on which rank, and what to do
   */
  public CollectiveException(String message) {
    super(message);
  }

  /**
   * Creates an exception with a cause.
   *
   * @param message what happened, on which rank, and what to do
   * @param cause why, or null
   */
  public CollectiveException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
