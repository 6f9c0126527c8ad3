package org.ofaspark.optim;

import org.ofaspark.config.AllChecks;

/**
 * Settings of Adam, of clipping and of the polynomial-decay schedule, under upstream's words.
 *
 * @param lr highest learning rate
 * @param endLearningRate learning rate after the last update
 * @param power exponent of the decay; 1 is linear
 * @param warmupRatio share of all updates over which the rate grows from 0
 * @param totalNumUpdate where the decay ends if there is no warm-up; with warm-up, upstream and
 *     this class take the number of updates of the run instead
 * @param beta1 decay of the gradient's mean, 0 to below 1
 * @param beta2 decay of the squared gradient's mean, 0 to below 1
 * @param adamEps added to the root of the squared gradient's mean
 * @param weightDecay share of each parameter taken away in an update, times the learning rate
 * @param clipNorm largest norm of the gradient; 0 turns clipping off
 */
public record OptimizerConfig(
    double lr,
    double endLearningRate,
    double power,
    double warmupRatio,
    long totalNumUpdate,
    double beta1,
    double beta2,
    double adamEps,
    double weightDecay,
    double clipNorm) {

  private static final double MAX_LR = 1e3;

  /** Checks every range. */
  public OptimizerConfig {
    new AllChecks()
        .that(
            "optimizer.lr",
            lr,
            lr > 0 && lr < MAX_LR,
            lr > 0 ? "below " + MAX_LR : "a number above 0")
        .inRange("optimizer.end-learning-rate", endLearningRate, 0, lr > 0 ? lr : MAX_LR)
        .that("optimizer.power", power, power > 0, "a number above 0")
        .that(
            "optimizer.warmup-ratio",
            warmupRatio,
            warmupRatio >= 0 && warmupRatio < 1,
            "0 to below 1")
        .atLeast("optimizer.total-num-update", totalNumUpdate, 1)
        .that("optimizer.adam-betas", beta1, beta1 >= 0 && beta1 < 1, "0 to below 1")
        .that("optimizer.adam-betas", beta2, beta2 >= 0 && beta2 < 1, "0 to below 1")
        .that("optimizer.adam-eps", adamEps, adamEps > 0, "a number above 0")
        .that("optimizer.weight-decay", weightDecay, weightDecay >= 0, "at least 0")
        .that("optimizer.clip-norm", clipNorm, clipNorm >= 0, "at least 0; 0 is off")
        .done();
  }
}
