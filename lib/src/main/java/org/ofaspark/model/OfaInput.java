package org.ofaspark.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.jspecify.annotations.Nullable;
import org.ofaspark.data.DataConfig;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.tensor.HostCopy;

/**
 * What the encoder reads, on the device.
 *
 * @param sourceTokens int64, shape (B, T)
 * @param patchImages shape (B, 3, H, W)
 * @param keyMask 0 for patches and words to see and negative infinity for padding, shape (B, 1, 1,
 *     P + T), or null if nothing is padding
 * @param present 1 for patches and words to see and 0 for padding, shape (B, P + T, 1), or null if
 *     nothing is padding
 */
public record OfaInput(
    NDArray sourceTokens,
    NDArray patchImages,
    @Nullable NDArray keyMask,
    @Nullable NDArray present) {

  /**
   * Copies a micro-batch to a device.
   *
   * @param batch the micro-batch
   * @param manager owner of the copies
   */
  public static OfaInput of(MicroBatch batch, NDManager manager) {
    int size = batch.size();
    int words = batch.sourceLength();
    int patches = patchesAlong(batch.imageHeight()) * patchesAlong(batch.imageWidth());
    float[] mask = new float[size * (patches + words)];
    float[] present = new float[mask.length];
    boolean anyPadding = false;
    for (int row = 0; row < size; row++) {
      for (int i = 0; i < patches + words; i++) {
        boolean padding =
            i < patches ? !batch.hasImage(row) : batch.isSourcePadding(row, i - patches);
        anyPadding |= padding;
        mask[row * (patches + words) + i] = padding ? Float.NEGATIVE_INFINITY : 0;
        present[row * (patches + words) + i] = padding ? 0 : 1;
      }
    }
    return new OfaInput(
        HostCopy.of(manager, batch.sourceTokens(), new Shape(size, words)),
        HostCopy.of(
            manager,
            batch.patchImages(),
            new Shape(size, 3, batch.imageHeight(), batch.imageWidth())),
        anyPadding ? HostCopy.of(manager, mask, new Shape(size, 1, 1, patches + words)) : null,
        anyPadding ? HostCopy.of(manager, present, new Shape(size, patches + words, 1)) : null);
  }

  /**
   * Returns the number of patches along one side of an image.
   *
   * @param pixels the side's length
   */
  static int patchesAlong(int pixels) {
    return (pixels + DataConfig.PATCH - 1) / DataConfig.PATCH;
  }
}
