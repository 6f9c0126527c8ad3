package org.ofaspark.optim;

import static org.ofaspark.config.Key.Product.WEIGHTS;

import java.util.List;
import org.ofaspark.config.AllChecks;
import org.ofaspark.config.Key;

/**
 * Settings of Adam, of clipping and of the polynomial-decay schedule, under upstream's words.
 *
 * @param lr highest learning rate
 * @param endLearningRate learning rate after the last update
 * @param power exponent of the decay; 1 is linear
 * @param warmupRatio share of all updates over which the rate grows from 0
 * @param totalNumUpdate where the decay ends if there is no warm-up; with warm-up, upstream and
 *     this class take the number of updates of the run instead
 * @param adamBetas decays of the gradient's mean and of the squared gradient's, each 0 to below 1
 * @param adamEps added to the root of the squared gradient's mean
 * @param weightDecay share of each parameter taken away in an update, times the learning rate
 * @param clipNorm largest norm of the gradient; 0 turns clipping off
 */
public record OptimizerConfig(
    @Key(decides = WEIGHTS) double lr,
    @Key(decides = WEIGHTS) double endLearningRate,
    @Key(decides = WEIGHTS) double power,
    @Key(decides = WEIGHTS) double warmupRatio,
    @Key(decides = WEIGHTS) long totalNumUpdate,
    @Key(decides = WEIGHTS) List<Double> adamBetas,
    @Key(decides = WEIGHTS) double adamEps,
    @Key(decides = WEIGHTS) double weightDecay,
    @Key(decides = WEIGHTS) double clipNorm) {

  private static final double MAX_LR = 1e3;

  /** Checks every range. */
  public OptimizerConfig {
    adamBetas = List.copyOf(adamBetas);
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
        .that("optimizer.adam-betas", adamBetas, adamBetas.size() == 2, "two numbers")
        .that("optimizer.adam-betas", adamBetas, areDecays(adamBetas), "each 0 to below 1")
        .that("optimizer.adam-eps", adamEps, adamEps > 0, "a number above 0")
        .that("optimizer.weight-decay", weightDecay, weightDecay >= 0, "at least 0")
        .that("optimizer.clip-norm", clipNorm, clipNorm >= 0, "at least 0; 0 is off")
        .done();
  }

  private static boolean areDecays(List<Double> betas) {
    return betas.stream().allMatch(beta -> beta >= 0 && beta < 1);
  }

  /** Returns the decay of the gradient's mean. */
  public double beta1() {
    return adamBetas.get(0);
  }

  /** Returns the decay of the squared gradient's mean. */
  public double beta2() {
    return adamBetas.get(1);
  }
}
