package org.ofaspark.jobs.ranking;

import java.io.Serializable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;

/**
 * Which examples a ranking leaves out: those up to one threshold and those from another one on.
 *
 * @param lastBest the last of the best that are left out; null if none is
 * @param firstWorst the first of the worst that are left out; null if none is
 */
record DropThresholds(@Nullable ScoredExample lastBest, @Nullable ScoredExample firstWorst)
    implements Serializable {

  /**
   * Finds the thresholds.
   *
   * @param ranked the scores and ids of the examples that have a place
   * @param count how many there are
   * @param best how many of the best to leave out
   * @param worst how many of the worst to leave out; both together at most all
   * @param selection finds an example by its place
   */
  static DropThresholds of(
      Dataset<Row> ranked, long count, long best, long worst, OrderStatistic selection) {
    return new DropThresholds(
        best == 0 ? null : selection.select(ranked, count, best),
        worst == 0 ? null : selection.select(ranked, count, count - worst + 1));
  }

  /** Tells whether training goes on with an example. */
  boolean keeps(ScoredExample example) {
    String reason = reason(example);
    return reason == null || reason.equals(RankingTable.NOT_FINITE);
  }

  /**
   * Tells why an example has no place, or is left out.
   *
   * @return a value of {@link RankingTable#REASON}, null for an example that is ranked and kept
   */
  @Nullable String reason(ScoredExample example) {
    if (!example.isRanked()) {
      return RankingTable.NOT_FINITE;
    }
    if (lastBest != null && example.compareTo(lastBest) <= 0) {
      return RankingTable.DROP_BEST;
    }
    return firstWorst != null && example.compareTo(firstWorst) >= 0
        ? RankingTable.DROP_WORST
        : null;
  }
}
