package org.ofaspark.format;

import java.io.IOException;
import org.ofaspark.config.Text;

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

  /**
   * Creates an exception.
   *
   * @param file the file
   * @param thing what of it is wrong
   * @param value what was found
   * @param rule what was expected
   */
  public static BadCheckpointException of(String file, String thing, Object value, String rule) {
    return new BadCheckpointException(
        Text.format("%s: %s: %s (expected: %s)", file, thing, value, rule));
  }
}
