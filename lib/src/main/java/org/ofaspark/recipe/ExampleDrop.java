package org.ofaspark.recipe;

import java.math.BigDecimal;
import org.ofaspark.config.AllChecks;

/**
 * Leaving out whole examples at one end of a ranking of all training examples, once training has
 * gone on for a while.
 *
 * @param ratio share of the ranked examples left out, 0 to below 1; 0 turns it off
 * @param after left out from the update whose number, counted from 0, is above this
 */
public record ExampleDrop(double ratio, long after) {

  /** No example is left out. */
  public static final ExampleDrop NONE = new ExampleDrop(0, 0);

  /** Checks both ranges. */
  public ExampleDrop {
    new AllChecks()
        .that("ratio", ratio, ratio >= 0 && ratio < 1, "0 to below 1")
        .atLeast("after", after, 0)
        .done();
  }

  /**
   * Returns how many of some examples are left out: the ratio's share, computed without an error
   * and rounded down. So both ends of a ranking never take all of it.
   *
   * @param examples how many are ranked
   */
  public long count(long examples) {
    return BigDecimal.valueOf(ratio).multiply(BigDecimal.valueOf(examples)).longValue();
  }

  /** Tells whether examples are left out at all. */
  public boolean isOn() {
    return ratio > 0;
  }

  /** Returns the first update that examples are left out of, counted from 0. */
  public long firstUpdate() {
    return after + 1;
  }

  /** Returns this rule if it holds in an update, else none. */
  ExampleDrop at(long update) {
    return isOn() && update >= firstUpdate() ? this : NONE;
  }
}
