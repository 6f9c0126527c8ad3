package org.ofaspark.train;

import org.ofaspark.criterion.LossSums;

/** Result of one optimizer update; the same on every rank. */
public sealed interface UpdateOutcome {

  /** Returns the number of updates done after this attempt; skipped ones do not count. */
  long updateNumber();

  /** Returns the sums over the micro-batches of all ranks. */
  LossSums sums();

  /**
   * The optimizer moved the parameters.
   *
   * @param updateNumber the number of updates done, this one included
   * @param sums sums over the micro-batches of all ranks
   * @param gradientNorm L2 norm of the gradient of the mean loss, before clipping
   * @param learningRate the rate used
   */
  record Applied(long updateNumber, LossSums sums, double gradientNorm, double learningRate)
      implements UpdateOutcome {}

  /**
   * The gradient was not finite; parameters and statistics are as before, on every rank.
   *
   * @param updateNumber the number of updates done, without this one
   * @param sums sums over the micro-batches of all ranks
   */
  record Skipped(long updateNumber, LossSums sums) implements UpdateOutcome {}
}
