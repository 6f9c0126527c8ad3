package org.ofaspark.jobs;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A failure whose message is complete: it is logged without a stack trace. */
public class ExplainedException extends RuntimeException {

  private static final long serialVersionUID = 1;
  private static final int MOST_CAUSES = 20;

  /**
   * Creates it, without a stack trace even in Spark's own lines.
   *
   * @param message what went wrong and how to go on
   */
  public ExplainedException(String message) {
    super(message, null, true, false);
  }

  /**
   * Creates it.
   *
   * @param message what went wrong and how to go on
   * @param cause for those who debug
   */
  public ExplainedException(String message, Throwable cause) {
    super(message, cause);
  }

  /**
   * Returns what explains a failure. Spark's of a stage has that of its task as a cause.
   *
   * @param failure of a job
   */
  static Optional<String> explanation(Throwable failure) {
    @Nullable Throwable cause = failure;
    for (int depth = 0; cause != null && depth < MOST_CAUSES; depth++, cause = cause.getCause()) {
      if (cause instanceof ExplainedException explained) {
        return Optional.ofNullable(explained.getMessage());
      }
    }
    return Optional.empty();
  }
}
