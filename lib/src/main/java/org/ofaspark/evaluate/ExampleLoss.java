package org.ofaspark.evaluate;

import org.ofaspark.criterion.BonusSums;

/**
 * The loss of one example: sums over its target tokens that count, in nats.
 *
 * @param smoothedLoss label-smoothed cross entropy
 * @param bonus the encouraging bonus, never positive; 0 for cross entropy
 * @param nllLoss negative log-likelihood
 * @param tokens how many tokens count
 * @param correct how many of them are the likeliest symbol
 * @param bonusSums what the Encouraging Loss finds in them
 */
public record ExampleLoss(
    double smoothedLoss,
    double bonus,
    double nllLoss,
    int tokens,
    int correct,
    BonusSums bonusSums) {

  /** No token at all. */
  static final ExampleLoss NONE = new ExampleLoss(0, 0, 0, 0, 0, BonusSums.NONE);

  /** Returns the loss that is minimized: the smoothed loss and the bonus. */
  public double loss() {
    return smoothedLoss + bonus;
  }

  ExampleLoss plus(ExampleLoss other) {
    return new ExampleLoss(
        smoothedLoss + other.smoothedLoss,
        bonus + other.bonus,
        nllLoss + other.nllLoss,
        tokens + other.tokens,
        correct + other.correct,
        bonusSums.plus(other.bonusSums));
  }
}
