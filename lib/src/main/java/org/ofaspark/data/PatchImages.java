package org.ofaspark.data;

import java.util.ArrayList;
import java.util.List;
import org.ofaspark.config.Text;
import org.ofaspark.image.BicubicResize;
import org.ofaspark.image.ImageDecoder;
import org.ofaspark.image.ImageLimits;
import org.ofaspark.image.Normalization;
import org.ofaspark.image.RgbImage;

/** Turns image files into the pixels that the model reads. Thread-safe. */
public final class PatchImages {

  private final ImageDecoder decoder = new ImageDecoder(ImageLimits.NONE);
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
    return read(decoder.decode(image.bytes()));
  }

  /**
   * Resizes and normalizes an image.
   *
   * @param image its pixels
   * @return row-major (3, size, size)
   */
  public float[] read(RgbImage image) {
    return normalization.apply(BicubicResize.resize(image, size, size));
  }

  /**
   * Puts examples and their images together to a micro-batch, see {@link Collator}.
   *
   * @param examples at least one
   * @throws IllegalStateException naming the first example whose image cannot be read
   */
  public MicroBatch collate(List<Example> examples) {
    List<float[]> pixels = new ArrayList<>();
    for (Example example : examples) {
      try {
        pixels.add(read(example.image()));
      } catch (RuntimeException e) {
        throw new IllegalStateException(Text.format("example %s", example.exampleId()), e);
      }
    }
    return Collator.collate(examples, pixels, size);
  }
}
