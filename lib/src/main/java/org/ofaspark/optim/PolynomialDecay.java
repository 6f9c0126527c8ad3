package org.ofaspark.optim;

/**
 * The learning rate of each update: a line up from 0, then a polynomial down.
 *
 * <p>Upstream: fairseq's {@code polynomial_decay} with OFA's warm-up ratio. The first update has
 * rate 0 if there is a warm-up, as upstream; the last one still has a rate above the end's. A
 * warm-up that rounds down to no update is none, where upstream divides by zero.
 */
public final class PolynomialDecay {

  private final OptimizerConfig config;
  private final long totalUpdates;
  private final long warmupUpdates;

  /**
   * Creates a schedule.
   *
   * @param config its settings
   * @param runUpdates updates of the whole run, all epochs
   */
  public PolynomialDecay(OptimizerConfig config, long runUpdates) {
    this.config = config;
    this.totalUpdates = config.warmupRatio() > 0 ? runUpdates : config.totalNumUpdate();
    this.warmupUpdates = (long) (runUpdates * config.warmupRatio());
  }

  /** Returns over how many updates the rate grows. */
  public long warmupUpdates() {
    return warmupUpdates;
  }

  /**
   * Returns the learning rate of an update.
   *
   * @param updateNumber how many updates are done before it
   */
  public double at(long updateNumber) {
    if (warmupUpdates > 0 && updateNumber <= warmupUpdates) {
      return config.lr() * updateNumber / warmupUpdates;
    }
    if (updateNumber >= totalUpdates) {
      return config.endLearningRate();
    }
    double remaining = 1 - (double) (updateNumber - warmupUpdates) / (totalUpdates - warmupUpdates);
    double range = config.lr() - config.endLearningRate();
    return range * Math.pow(remaining, config.power()) + config.endLearningRate();
  }
}
