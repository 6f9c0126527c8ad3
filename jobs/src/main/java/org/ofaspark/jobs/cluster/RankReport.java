package org.ofaspark.jobs.cluster;

import com.google.gson.JsonObject;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a rank reports to the driver, as JSON: that it has started, or one of the others.
 *
 * @param group of the rank, see {@link RankId}
 * @param rank its number
 * @param executor the id of its executor
 * @param progress a line of training metrics
 * @param failure why the rank ends
 */
public record RankReport(
    UUID group,
    int rank,
    String executor,
    @Nullable JsonObject progress,
    @Nullable Failure failure) {

  /**
   * The failure of a rank.
   *
   * @param kind decides whether the work is tried again
   * @param text rank, host, update, phase and error, for people
   * @param epochMillis when, by the clock of its host
   */
  public record Failure(FailureKind kind, String text, long epochMillis) {}
}
