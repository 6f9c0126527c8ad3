package org.ofaspark.jobs.cluster;

import org.ofaspark.collective.CollectiveException;
import org.ofaspark.jobs.storage.FileSystemFailure;

/** What a rank has failed of, which decides whether its work is done again. */
public enum FailureKind {
  /** A setting: it fails the same way each time. */
  SETTINGS,
  /** Numbers that are not finite: they come again. */
  NUMERIC,
  /** A file system that does not answer, and may be back. */
  OUTAGE,
  /** Another rank, which this one has lost: a symptom. */
  LOST,
  /** Anything else. */
  OTHER;

  /**
   * Returns the kind of a failure, other than {@link #NUMERIC}.
   *
   * @param failure of a rank, or of the driver's part of its work
   */
  public static FailureKind of(Throwable failure) {
    if (failure instanceof CollectiveException) {
      return LOST;
    }
    if (FileSystemFailure.isOutage(failure)) {
      return OUTAGE;
    }
    if (FileSystemFailure.sentence(failure).isPresent()) {
      return OTHER; // a quota may be raised, and space be freed
    }
    return failure instanceof IllegalArgumentException ? SETTINGS : OTHER;
  }
}
