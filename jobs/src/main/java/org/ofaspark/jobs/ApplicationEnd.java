package org.ofaspark.jobs;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hadoop.util.ShutdownHookManager;

/**
 * Distinguishes work that was cancelled from work that failed: Ctrl-C, SIGTERM, a cluster manager
 * that kills the application, a user who cancels its jobs. Driver.
 */
public final class ApplicationEnd {

  /** Spark has no types for these. */
  private static final Pattern ENDED =
      Pattern.compile(
          "cancelled because SparkContext was shut down"
              + "|Task serialization failed: java.lang.InterruptedException" // shut down meanwhile
              + "|Cannot call methods on a stopped SparkContext"
              + "|SparkContext has been shutdown");

  private static final Pattern CANCELLED =
      Pattern.compile(
          "killed via the Web UI"
              + "|Job \\d+ cancelled\\s*$" // on the page of jobs, without a reason
              + "|part of cancelled job (group|tag)"
              + "|as part of cancellation of all jobs");

  private static final Pattern SHORTAGE = Pattern.compile("Job \\d+ cancelled (executors: .*)");

  private static final int MOST_CAUSES = 20;

  private ApplicationEnd() {}

  /**
   * Returns the message for a job that was cancelled because no executor ran its tasks for too
   * long.
   *
   * @param failure the exception that ended the work
   * @return empty if it failed for another reason
   */
  public static Optional<String> shortage(Throwable failure) {
    for (Throwable cause : causes(failure)) {
      Matcher shortage = SHORTAGE.matcher(String.valueOf(cause.getMessage()));
      if (shortage.find()) {
        return Optional.of(shortage.group(1));
      }
    }
    return Optional.empty();
  }

  /**
   * Returns what cancelled the work, in words.
   *
   * @param failure the exception that ended the work
   * @return empty if the work failed by itself
   */
  public static Optional<String> cause(Throwable failure) {
    if (ShutdownHookManager.get().isShutdownInProgress()) {
      return Optional.of("this process was told to end, by Ctrl-C or SIGTERM");
    }
    if (failure instanceof InterruptedException || Thread.currentThread().isInterrupted()) {
      return Optional.of("its thread was interrupted"); // this one, not one of an executor
    }
    for (Throwable cause : causes(failure)) {
      String message = String.valueOf(cause.getMessage());
      if (ENDED.matcher(message).find()) {
        return Optional.of("its application was stopped or killed");
      }
      if (CANCELLED.matcher(message).find()) {
        return Optional.of("its Spark job was cancelled");
      }
    }
    return Optional.empty();
  }

  /** Returns a failure and its causes, the first ones, as they may form a circle. */
  static List<Throwable> causes(Throwable failure) {
    return Stream.iterate(failure, Objects::nonNull, Throwable::getCause)
        .limit(MOST_CAUSES)
        .toList();
  }
}
