package org.ofaspark.task;

/** Says that a model cannot be asked something, and why: the image or the text is invalid. */
public final class BadQuestionException extends Exception {

  private static final long serialVersionUID = 1;

  BadQuestionException(Exception cause) {
    super(cause.getMessage(), cause);
  }
}
