package org.ofaspark.train;

import static org.ofaspark.config.Key.Product.WEIGHTS;

import org.ofaspark.config.Checks;
import org.ofaspark.config.Key;

/**
 * The moving average of the weights.
 *
 * @param decay its decay; 0 keeps none
 */
public record EmaConfig(@Key(decides = WEIGHTS) double decay) {

  /** Checks the range. */
  public EmaConfig {
    Checks.that("ema.decay", decay, decay >= 0 && decay < 1, "at least 0 and below 1");
  }
}
