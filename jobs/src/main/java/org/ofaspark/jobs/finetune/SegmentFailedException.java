package org.ofaspark.jobs.finetune;

/** A segment has failed for good. The message names the first cause that a rank has seen. */
public final class SegmentFailedException extends RuntimeException {

  private static final long serialVersionUID = 1;

  SegmentFailedException(String message, Throwable cause) {
    super(message, cause);
  }
}
