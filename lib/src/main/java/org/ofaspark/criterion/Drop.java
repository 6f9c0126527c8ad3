package org.ofaspark.criterion;

import static org.ofaspark.config.Key.Product.ANSWERS;
import static org.ofaspark.config.Key.Product.WEIGHTS;

import java.math.BigDecimal;
import org.ofaspark.config.AllChecks;
import org.ofaspark.config.Key;

/**
 * Leaving out what the model does best or worst on, once training has gone on for a while.
 *
 * @param ratio share left out, 0 to below 1; 0 turns it off
 * @param after left out from the update whose number, counted from 0, is above this
 * @param scope of what
 */
public record Drop(
    @Key(decides = {WEIGHTS, ANSWERS}) double ratio,
    @Key(decides = {WEIGHTS, ANSWERS}) long after,
    @Key(decides = {WEIGHTS, ANSWERS}) Scope scope) {

  /** What a share of is left out. */
  public enum Scope {
    /** The target tokens of each micro-batch. */
    TOKEN,
    /** All training examples, by their last ranking. */
    EXAMPLE
  }

  /** Nothing is left out. */
  public static final Drop NONE = new Drop(0, 0, Scope.TOKEN);

  /** Checks both ranges. */
  public Drop {
    new AllChecks()
        .that("ratio", ratio, ratio >= 0 && ratio < 1, "0 to below 1")
        .atLeast("after", after, 0)
        .done();
  }

  /**
   * Returns a rule for examples.
   *
   * @param ratio share left out
   * @param after see above
   */
  public static Drop examples(double ratio, long after) {
    return new Drop(ratio, after, Scope.EXAMPLE);
  }

  /**
   * Returns this rule if it is for such things, else none.
   *
   * @param wanted of what a share is left out
   */
  public Drop of(Scope wanted) {
    return scope == wanted ? this : NONE;
  }

  /** Tells whether anything is left out at all. */
  public boolean isOn() {
    return ratio > 0;
  }

  /** Returns the first update that something is left out of, counted from 0. */
  public long firstUpdate() {
    return after + 1;
  }

  /**
   * Returns this rule if it holds in an update, else none.
   *
   * @param update its number, counted from 0
   */
  public Drop at(long update) {
    return isOn() && update >= firstUpdate() ? this : NONE;
  }

  /**
   * Returns how many of some tokens stay, rounded down as upstream does.
   *
   * @param tokens how many there are
   */
  int kept(int tokens) {
    return (int) (tokens * (1 - ratio));
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
}
