package org.ofaspark.train;

import org.ofaspark.optim.LossScale;
import org.ofaspark.tensor.FloatType;

/**
 * What a trainer computes with.
 *
 * @param type of the network's passes; masters, gradient and optimizer are float32
 * @param lossScale factor on the losses of the first update
 * @param emaDecay decay of the moving average of the weights, 0 to 1; 0 keeps none
 * @param seed of dropout
 */
public record Numerics(FloatType type, LossScale lossScale, double emaDecay, long seed) {

  /**
   * Returns float32 without an average.
   *
   * @param seed of dropout
   */
  public static Numerics float32(long seed) {
    return new Numerics(FloatType.FLOAT32, LossScale.NONE, 0, seed);
  }

  /** Tells whether a moving average of the weights is kept. */
  public boolean averages() {
    return emaDecay > 0;
  }
}
