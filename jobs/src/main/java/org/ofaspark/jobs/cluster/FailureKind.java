package org.ofaspark.jobs.cluster;

import org.ofaspark.collective.CollectiveException;
import org.ofaspark.jobs.storage.FileSystemFailure;

/** What a rank, or the driver's part of its work, has failed of; decides whether it is retried. */
public enum FailureKind {
  /** A setting: it fails the same way each time. */
  SETTINGS,
  /** Non-finite numbers: they occur again. */
  NON_FINITE,
  /** A file system that does not answer, and may be back. */
  OUTAGE,
  /** A file that is not what was written: an older checkpoint may be good. */
  DAMAGE,
  /** Another rank, which this one has lost: a symptom. */
  LOST,
  /** Anything else. */
  OTHER;

  /** Training has run into non-finite numbers. */
  public static final class NonFiniteException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /**
     * Creates it.
     *
     * @param message where, and what to change
     */
    public NonFiniteException(String message) {
      super(message);
    }
  }

  /**
   * Returns the kind of a failure.
   *
   * @param failure of a rank, or of the driver's part of its work
   */
  public static FailureKind of(Throwable failure) {
    if (failure instanceof NonFiniteException) {
      return NON_FINITE;
    }
    if (failure instanceof CollectiveException) {
      return LOST;
    }
    if (FileSystemFailure.isOutage(failure)) {
      return OUTAGE;
    }
    if (FileSystemFailure.sentence(failure).isPresent()) {
      return OTHER; // a quota may be raised, and space be freed
    }
    if (failure instanceof IllegalArgumentException) {
      return SETTINGS;
    }
    return FileSystemFailure.isDamage(failure) ? DAMAGE : OTHER;
  }
}
