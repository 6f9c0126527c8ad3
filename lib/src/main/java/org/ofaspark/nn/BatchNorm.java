package org.ofaspark.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;

/** Batch normalization as torch's, epsilon 1e-5 and momentum 0.1. */
public final class BatchNorm {

  /** Weight of the newest batch in the running statistics. */
  public static final double MOMENTUM = 0.1;

  private static final float EPSILON = 1e-5f;
  private static final int CHANNELS_SECOND = -1;

  private BatchNorm() {}

  /** Returns what normalized values are multiplied by. */
  static NDArray scale(NDArray variance, NDArray weight) {
    NDArray epsilon = variance.getManager().full(new Shape(), EPSILON, variance.getDataType());
    return weight.div(variance.add(epsilon).sqrt());
  }

  /** Normalizes by given statistics. */
  static NDArray normalize(
      NDArray x, NDArray mean, NDArray variance, NDArray weight, NDArray bias) {
    return apply(x, mean, variance, weight, bias, 0, false);
  }

  /**
   * Normalizes by the batch's own statistics and stores them: the mean and the unbiased variance.
   */
  static NDArray normalizeByBatch(
      NDArray x, NDArray mean, NDArray variance, NDArray weight, NDArray bias) {
    float keepNothingOfTheOld = 0; // in DJL's convention: running = 0 * running + 1 * batch
    return apply(x, mean, variance, weight, bias, keepNothingOfTheOld, true);
  }

  private static NDArray apply(
      NDArray x,
      NDArray mean,
      NDArray variance,
      NDArray weight,
      NDArray bias,
      float momentum,
      boolean training) {
    return x.getNDArrayInternal()
        .batchNorm(x, mean, variance, weight, bias, CHANNELS_SECOND, momentum, EPSILON, training)
        .singletonOrThrow();
  }
}
