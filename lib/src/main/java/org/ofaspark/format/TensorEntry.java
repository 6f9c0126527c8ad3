package org.ofaspark.format;

import java.util.List;

/**
 * A tensor of a safetensors file.
 *
 * @param name its name
 * @param dtype type of its elements
 * @param shape lengths of its axes; empty for a single number
 */
public record TensorEntry(String name, DType dtype, List<Long> shape) {

  /** Copies the shape. */
  public TensorEntry {
    shape = List.copyOf(shape);
  }

  /**
   * Returns the number of elements.
   *
   * @throws ArithmeticException if it does not fit 63 bits
   */
  public long elements() {
    return shape.stream().reduce(1L, Math::multiplyExact);
  }

  /**
   * Returns the size in bytes.
   *
   * @throws ArithmeticException if it does not fit 63 bits
   */
  public long bytes() {
    return Math.multiplyExact(elements(), (long) dtype.bytes());
  }
}
