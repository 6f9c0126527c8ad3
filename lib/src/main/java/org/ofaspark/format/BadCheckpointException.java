package org.ofaspark.format;

import java.io.IOException;

/** A file of a checkpoint breaks the rules of its format, or is not what the manifest says. */
public final class BadCheckpointException extends IOException {

  private static final long serialVersionUID = 1;

  /**
   * Creates an exception.
   *
   * @param message the file, what was found and what was expected
   */
  public BadCheckpointException(String message) {
    super(message);
  }

  /**
   * Creates an exception with a cause.
   *
   * @param message the file, what was found and what was expected
   * @param cause why
   */
  public BadCheckpointException(String message, Throwable cause) {
    super(message, cause);
  }
}
