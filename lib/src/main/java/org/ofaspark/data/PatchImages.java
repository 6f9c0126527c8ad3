package org.ofaspark.data;

import org.ofaspark.image.BicubicResize;
import org.ofaspark.image.ImageDecoder;
import org.ofaspark.image.ImageLimits;
import org.ofaspark.image.Normalization;

/** Turns image files into the pixels that the model reads. Thread-safe. */
public final class PatchImages {

  private final ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULT);
  private final int size;
  private final Normalization normalization;

  /**
   * Creates a reader.
   *
   * @param config size and normalization
   */
  public PatchImages(DataConfig config) {
    this.size = config.patchImageSize();
    this.normalization =
        config.imagenetDefaultMeanAndStd() ? Normalization.IMAGENET : Normalization.HALF;
  }

  /** Returns the side of an image in pixels. */
  public int size() {
    return size;
  }

  /**
   * Decodes, resizes and normalizes an image.
   *
   * @param image an image that preprocessing has accepted
   * @return row-major (3, size, size)
   */
  public float[] read(EncodedImage image) {
    return normalization.apply(BicubicResize.resize(decoder.decode(image.bytes()), size, size));
  }
}
