package org.ofaspark.jobs;

/** Ends a driver on a cluster; printed, it is the sentence that says why, without a stack trace. */
@SuppressWarnings({"serial", "OverrideThrowableToString"}) // the sentence alone is shown
final class JobFailedException extends RuntimeException {

  JobFailedException(String reason) {
    super(reason, null, false, false);
  }

  @Override
  public String toString() {
    return String.valueOf(getMessage());
  }
}
