package org.ofaspark.image;

import java.io.Serializable;
import org.ofaspark.config.Text;

/**
 * How large an image may be; a larger one is refused before memory is set aside for its pixels.
 *
 * @param maxPixels most pixels, width times height, 1 to 536,870,911 (four bytes each fit an array)
 * @param maxBytes most encoded bytes, at least 1
 * @param maxSide most pixels in one direction, at least 1
 */
public record ImageLimits(long maxPixels, long maxBytes, int maxSide) implements Serializable {

  /** The most that {@link #maxPixels} can be. */
  public static final long MAX_PIXELS = Integer.MAX_VALUE / 4;

  /** No limits, for images that others have been applied to before. */
  public static final ImageLimits NONE =
      new ImageLimits(MAX_PIXELS, Integer.MAX_VALUE, Integer.MAX_VALUE);

  /** Checks the values. */
  public ImageLimits {
    if (maxPixels < 1 || maxPixels > MAX_PIXELS || maxBytes < 1 || maxSide < 1) {
      throw new IllegalArgumentException(
          Text.format(
              "image limits: %d pixels, %d bytes, %d a side (expected: 1 to %d, at least 1, at"
                  + " least 1)",
              maxPixels, maxBytes, maxSide, MAX_PIXELS));
    }
  }

  void checkBytes(long bytes) {
    if (bytes > maxBytes) {
      throw new BadImageException(
          BadImageException.Reason.TOO_MANY_BYTES,
          Text.format("image: %d bytes (expected: at most %d)", bytes, maxBytes));
    }
  }

  void checkSize(ImageHeader header) {
    int width = header.width();
    int height = header.height();
    if (width > maxSide || height > maxSide || (long) width * height > maxPixels) {
      throw new BadImageException(
          BadImageException.Reason.TOO_MANY_PIXELS,
          Text.format(
              "image: %d x %d pixels (expected: at most %d a side and %d in all)",
              width, height, maxSide, maxPixels));
    }
  }
}
