package org.ofaspark.criterion;

import org.ofaspark.config.AllChecks;

/**
 * Leaving out a share of the target tokens of each micro-batch, once training has gone on for a
 * while.
 *
 * @param ratio share left out, 0 to below 1; 0 turns it off
 * @param after left out from the update whose number, counted from 0, is above this
 */
public record TokenDrop(double ratio, long after) {

  /** No token is left out. */
  public static final TokenDrop NONE = new TokenDrop(0, 0);

  /** Checks both ranges. */
  public TokenDrop {
    new AllChecks()
        .that("ratio", ratio, ratio >= 0 && ratio < 1, "0 to below 1")
        .atLeast("after", after, 0)
        .done();
  }

  /**
   * Tells whether tokens are left out of an update.
   *
   * @param updateNumber how many updates are done
   */
  boolean appliesAt(long updateNumber) {
    return ratio > 0 && updateNumber > after;
  }

  /**
   * Returns how many of some tokens stay, rounded down as upstream does.
   *
   * @param tokens how many there are
   */
  int kept(int tokens) {
    return (int) (tokens * (1 - ratio));
  }
}
