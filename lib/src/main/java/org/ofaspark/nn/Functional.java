package org.ofaspark.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import org.jspecify.annotations.Nullable;
import org.ofaspark.tensor.ScriptedOps;

/**
 * Layers without state, as upstream's torch computes them. A result belongs to the manager of the
 * first argument and to the current scope; arguments stay with their owners.
 */
public final class Functional {

  private static final float LAYER_NORM_EPSILON = 1e-5f;

  private Functional() {}

  /**
   * Computes x W^T + b.
   *
   * @param x shape (..., in)
   * @param weight shape (out, in)
   * @param bias shape (out), or null for none
   * @return shape (..., out)
   */
  public static NDArray linear(NDArray x, NDArray weight, @Nullable NDArray bias) {
    return x.getNDArrayInternal().linear(x, weight, bias).singletonOrThrow();
  }

  /**
   * Multiplies by a number.
   *
   * @param x any shape
   * @param factor the number
   */
  public static NDArray scale(NDArray x, float factor) {
    return ScriptedOps.scale(x, factor);
  }

  /**
   * Normalizes the last axis to mean 0 and variance 1, then scales and shifts it.
   *
   * @param x shape (..., C)
   * @param weight shape (C)
   * @param bias shape (C)
   * @return shape (..., C)
   */
  public static NDArray layerNorm(NDArray x, NDArray weight, NDArray bias) {
    return x.getNDArrayInternal()
        .layerNorm(x, weight.getShape(), weight, bias, LAYER_NORM_EPSILON)
        .singletonOrThrow();
  }

  /**
   * Looks rows up. The gradient of a row that occurs more than once is a sum, for which a GPU takes
   * any order. There is no padding row whose gradient is dropped, as torch's {@code padding_idx}
   * does: the model multiplies or masks padding away, so its lookups get none.
   *
   * @param ids int64, any shape
   * @param table shape (N, C)
   * @return shape of {@code ids} with C appended
   */
  public static NDArray embedding(NDArray ids, NDArray table) {
    return ids.getNDArrayInternal().embedding(ids, table, SparseFormat.DENSE).singletonOrThrow();
  }

  /**
   * Convolves.
   *
   * @param x shape (B, in, h, w)
   * @param weight shape (out, in, k, k)
   * @param bias shape (out), or null for none
   * @param stride step of the kernel on both axes
   * @param padding zeros around the image
   * @return shape (B, out, h', w')
   */
  public static NDArray convolution(
      NDArray x, NDArray weight, @Nullable NDArray bias, int stride, int padding) {
    return x.getNDArrayInternal()
        .convolution(
            x,
            weight,
            bias,
            new Shape(stride, stride),
            new Shape(padding, padding),
            new Shape(1, 1),
            1)
        .singletonOrThrow();
  }

  /**
   * Takes the largest value of each 3 x 3 window, two steps apart.
   *
   * @param x shape (B, C, h, w)
   * @return shape (B, C, ceil(h / 2), ceil(w / 2))
   */
  public static NDArray maxPool(NDArray x) {
    return x.getNDArrayInternal().maxPool(new Shape(3, 3), new Shape(2, 2), new Shape(1, 1), false);
  }

  /**
   * Replaces negative values by 0.
   *
   * @param x any shape
   */
  public static NDArray relu(NDArray x) {
    return x.getNDArrayInternal().relu();
  }

  /**
   * Computes the exact Gaussian error linear unit.
   *
   * @param x any shape
   */
  public static NDArray gelu(NDArray x) {
    return x.getNDArrayInternal().gelu();
  }
}
