package org.ofaspark.jobs;

/** A failure whose message says all there is to say: it is told without a stack trace. */
public class ExplainedException extends RuntimeException {

  private static final long serialVersionUID = 1;

  /**
   * Creates it.
   *
   * @param message what went wrong and how to go on
   * @param cause for those who debug
   */
  public ExplainedException(String message, Throwable cause) {
    super(message, cause);
  }
}
