package org.ofaspark.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.jspecify.annotations.Nullable;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.tensor.HostCopy;
import org.ofaspark.text.Dictionary;

/**
 * What the decoder reads besides the encoder's output, on the device.
 *
 * @param previousOutput tokens before each target, int64, shape (B, N)
 * @param keyMask 0 for tokens to see and negative infinity for padding, shape (B, 1, 1, N), or null
 *     if nothing is padding
 */
public record DecoderInput(NDArray previousOutput, @Nullable NDArray keyMask) {

  /**
   * Copies a micro-batch to a device.
   *
   * @param batch the micro-batch
   * @param manager owner of the copies
   */
  public static DecoderInput of(MicroBatch batch, NDManager manager) {
    long[] tokens = batch.previousOutput();
    float[] mask = new float[tokens.length];
    boolean anyPadding = false;
    for (int i = 0; i < tokens.length; i++) {
      boolean padding = tokens[i] == Dictionary.PAD;
      anyPadding |= padding;
      mask[i] = padding ? Float.NEGATIVE_INFINITY : 0;
    }
    int size = batch.size();
    int length = batch.targetLength();
    return new DecoderInput(
        HostCopy.of(manager, tokens, new Shape(size, length)),
        anyPadding ? HostCopy.of(manager, mask, new Shape(size, 1, 1, length)) : null);
  }
}
