package org.ofaspark.jobs.finetune;

import org.ofaspark.jobs.ExplainedException;

/** A segment has failed for good. The message names the first cause that a rank has seen. */
public final class SegmentFailedException extends ExplainedException {

  private static final long serialVersionUID = 1;

  SegmentFailedException(String message, Throwable cause) {
    super(message, cause);
  }
}
