package org.ofaspark.criterion;

/**
 * Sums over the tokens of one or more micro-batches, under upstream's words. Sums of different
 * micro-batches and ranks add up.
 *
 * @param loss the loss that is minimized, in nats
 * @param nllLoss negative log-likelihood of the kept tokens, in nats
 * @param sampleSize the gradient's denominator: kept tokens, or samples with sentence-avg
 * @param ntokens target tokens before any are left out
 * @param nsentences samples; each counts twice with R-Drop, as upstream
 * @param correct tokens whose target has the largest logit, of those not ignored
 * @param total tokens not ignored
 * @param bonusSums of the kept tokens, each once for each pass with R-Drop; NONE for cross entropy
 */
public record LossSums(
    double loss,
    double nllLoss,
    long sampleSize,
    long ntokens,
    long nsentences,
    long correct,
    long total,
    BonusSums bonusSums) {

  /** No micro-batch at all. */
  public static final LossSums NONE = new LossSums(0, 0, 0, 0, 0, 0, 0, BonusSums.NONE);

  /**
   * Adds two sums.
   *
   * @param other the other
   */
  public LossSums plus(LossSums other) {
    return new LossSums(
        loss + other.loss,
        nllLoss + other.nllLoss,
        sampleSize + other.sampleSize,
        ntokens + other.ntokens,
        nsentences + other.nsentences,
        correct + other.correct,
        total + other.total,
        bonusSums.plus(other.bonusSums));
  }

  /** Returns the sums as one array, the form in which ranks add them. */
  public double[] toArray() {
    return new double[] {
      loss,
      nllLoss,
      (double) sampleSize,
      (double) ntokens,
      (double) nsentences,
      (double) correct,
      (double) total,
      (double) bonusSums.tokens(),
      (double) bonusSums.pastLogEnd(),
      bonusSums.nllGradient(),
      bonusSums.bonusGradient(),
      bonusSums.margin()
    };
  }

  /**
   * Reads the form that {@link #toArray} writes.
   *
   * @param sums twelve numbers
   */
  public static LossSums of(double[] sums) {
    return new LossSums(
        sums[0],
        sums[1],
        (long) sums[2],
        (long) sums[3],
        (long) sums[4],
        (long) sums[5],
        (long) sums[6],
        new BonusSums((long) sums[7], (long) sums[8], sums[9], sums[10], sums[11]));
  }

  /** Returns the share of tokens predicted right, 0 to 1; NaN without tokens. */
  public double accuracy() {
    return (double) correct / total;
  }
}
