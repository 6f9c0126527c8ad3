package org.ofaspark.jobs;

import java.util.Optional;

/** A failure whose message is complete: it is logged without a stack trace. */
public class ExplainedException extends RuntimeException {

  private static final long serialVersionUID = 1;

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
    return ApplicationEnd.causes(failure).stream()
        .filter(ExplainedException.class::isInstance)
        .findFirst()
        .map(Throwable::getMessage);
  }
}
