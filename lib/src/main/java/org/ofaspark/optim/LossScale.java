package org.ofaspark.optim;

import java.io.Serializable;

/**
 * What losses are multiplied by before the backward pass, so that small gradients do not vanish in
 * float16.
 *
 * <p>As {@code fairseq/optim/dynamic_loss_scaler.py} with its other settings' defaults: the scale
 * doubles after {@code window} updates in a row without an overflow and halves after one. Powers of
 * 2 scale without rounding. Immutable.
 *
 * @param value the factor
 * @param window updates without an overflow after which the scale doubles; 0 keeps it
 * @param updates updates without an overflow since it last changed or overflowed
 */
public record LossScale(double value, int window, int updates) implements Serializable {

  /** No scaling, for types with the range of float32. */
  public static final LossScale NONE = new LossScale(1, 0, 0);

  /** Below this, a gradient that overflows has another cause than the scale. */
  private static final double SMALLEST = 1e-4;

  /**
   * Returns the scale that an earlier part of the run came to; no scaling stays no scaling.
   *
   * @param earlierValue its factor
   * @param earlierUpdates its updates since it last changed or overflowed
   */
  public LossScale resumed(double earlierValue, int earlierUpdates) {
    return window == 0 ? this : new LossScale(earlierValue, window, earlierUpdates);
  }

  /** Returns the scale after an update without an overflow. */
  public LossScale afterUpdate() {
    if (window == 0) {
      return this;
    }
    return updates + 1 < window
        ? new LossScale(value, window, updates + 1)
        : new LossScale(value * 2, window, 0);
  }

  /** Returns the scale after an update that overflowed. */
  public LossScale afterOverflow() {
    return window == 0 ? this : new LossScale(value / 2, window, 0);
  }

  /** Tells whether an overflow can be due to the scale, so that a smaller one may help. */
  public boolean canShrink() {
    return window > 0 && value / 2 > SMALLEST;
  }
}
