package org.ofaspark.criterion;

/**
 * What the Encouraging Loss finds in tokens and does to them, as sums over tokens; sums of
 * different tokens add up.
 *
 * <p>With p the probability of a token's target, all of it without label smoothing:
 *
 * <pre>
 *   past log-end    p > log-end: there the bonus is linear
 *   nll gradient    1 - p, by which the negative log-likelihood pulls up the logit of the target
 *   bonus gradient  p (1 - p) / max(1 - p, 1 - log-end), by which the bonus does
 *   margin          log p - log q, with q the probability of the likeliest other symbol
 * </pre>
 *
 * Below log-end the two gradients add up to 1: what a token loses by being well classified, the
 * bonus gives back. Above it both go to 0. With log-end 1 the bonus of a token whose 1 - p is below
 * 1e-5 has no gradient.
 *
 * @param tokens how many there are
 * @param pastLogEnd how many of them are past log-end
 * @param nllGradient sum of their nll gradients
 * @param bonusGradient sum of their bonus gradients
 * @param margin sum of their margins, in nats
 */
public record BonusSums(
    long tokens, long pastLogEnd, double nllGradient, double bonusGradient, double margin) {

  /** No token at all, or none that is looked at. */
  public static final BonusSums NONE = new BonusSums(0, 0, 0, 0, 0);

  /**
   * Returns the numbers of one token.
   *
   * @param nll negative log-likelihood of its target
   * @param margin its margin
   * @param logEnd probability above which the bonus goes on linearly, 0 to 1
   */
  static BonusSums of(double nll, double margin, double logEnd) {
    double p = Math.exp(-nll);
    double complement = -Math.expm1(-nll);
    double bonusGradient =
        logEnd == 1 && complement < TokenLoss.MIN_COMPLEMENT
            ? 0
            : p * complement / Math.max(complement, 1 - logEnd);
    return new BonusSums(1, p > logEnd ? 1 : 0, complement, bonusGradient, margin);
  }

  /**
   * Adds two sums.
   *
   * @param other the other
   */
  public BonusSums plus(BonusSums other) {
    return new BonusSums(
        tokens + other.tokens,
        pastLogEnd + other.pastLogEnd,
        nllGradient + other.nllGradient,
        bonusGradient + other.bonusGradient,
        margin + other.margin);
  }

  /** Returns the share of the tokens that are past log-end, 0 to 1; NaN without tokens. */
  public double pastLogEndShare() {
    return (double) pastLogEnd / tokens;
  }

  /** Returns the bonus's share of both gradients, 0 to 1; 0 if there is no gradient. */
  public double bonusGradientShare() {
    double both = bonusGradient + nllGradient;
    return both == 0 ? 0 : bonusGradient / both;
  }

  /** Returns the mean margin, in nats; NaN without tokens. */
  public double meanMargin() {
    return margin / tokens;
  }
}
