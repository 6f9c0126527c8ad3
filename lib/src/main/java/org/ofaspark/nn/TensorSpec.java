package org.ofaspark.nn;

import ai.djl.ndarray.types.Shape;
import java.util.Arrays;

/**
 * One float32 tensor of a model: its upstream name, its shape, what becomes of it in training and
 * how it starts.
 *
 * @param name upstream's name, such as {@code encoder.layers.0.fc1.weight}
 * @param shape its shape
 * @param role what training does with it
 * @param initializer its values in a model that starts from nothing
 */
public record TensorSpec(String name, Shape shape, Role role, Initializer initializer) {

  /** What training does with a tensor. */
  public enum Role {
    /** Moved by the optimizer. */
    TRAINABLE,
    /** A parameter that receives no gradient. */
    FROZEN,
    /** A statistic that the forward pass keeps, such as a running mean. */
    BUFFER
  }

  /** The distribution a tensor's values are drawn from at the start. */
  public enum Initializer {
    /** All 0. */
    ZEROS,
    /** All 1. */
    ONES,
    /** Normal with standard deviation 0.02, as BERT. */
    NORMAL,
    /** As {@link #NORMAL}, with row 1, the padding symbol, all 0. */
    EMBEDDING,
    /** Normal with variance 2 / (output channels x kernel area), for convolutions before a ReLU. */
    KAIMING
  }

  /** Returns the number of values. */
  public long size() {
    return Arrays.stream(shape.getShape()).reduce(1, Math::multiplyExact);
  }
}
