package org.ofaspark.jobs.finetune;

/** Training has run into numbers that are not finite; doing the same again would not help. */
final class NumericFailureException extends RuntimeException {

  private static final long serialVersionUID = 1;

  NumericFailureException(String message) {
    super(message);
  }
}
