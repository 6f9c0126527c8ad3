package org.ofaspark.image;

import java.util.Arrays;
import org.ofaspark.config.Text;

/**
 * Turns boxes into the bins that a model reads and writes as symbols, and back.
 *
 * <p>All in float32 and in upstream's order of operations ({@code refcoco_dataset.py}, {@code
 * refcoco.py}), since a bin is decided by rounding. Upstream divides by {@code maxImageSize} and
 * not by the size that the image was resized to; where they differ, only the lower bins are used.
 *
 * @param patchImageSize width and height that images are resized to, in pixels, at least 1
 * @param maxImageSize the coordinate, after resizing, that the last bin stands for, at least 1
 * @param numBins number of bins, at least 2
 */
public record BoxBins(int patchImageSize, int maxImageSize, int numBins) {

  /** Checks the values. */
  public BoxBins {
    if (patchImageSize < 1 || maxImageSize < 1 || numBins < 2) {
      throw new IllegalArgumentException(
          Text.format(
              "patch-image-size, max-image-size, num-bins: %d, %d, %d (expected: at least 1, 1, 2)",
              patchImageSize, maxImageSize, numBins));
    }
  }

  /**
   * Returns how much an image is stretched.
   *
   * @param width of the image, in pixels
   * @param height of the image, in pixels
   */
  public ResizeRatios ratios(int width, int height) {
    return new ResizeRatios((float) patchImageSize / width, (float) patchImageSize / height);
  }

  /**
   * Returns a box in shares of {@link #maxImageSize()}.
   *
   * @param box in pixels of the image
   * @param ratios those of the image
   * @return the same box; edges are 0 to 1 where the box lies within the image and {@code
   *     maxImageSize} is not less than {@code patchImageSize}
   */
  public Box normalized(Box box, ResizeRatios ratios) {
    return new Box(
        box.x0() * ratios.width() / maxImageSize,
        box.y0() * ratios.height() / maxImageSize,
        box.x1() * ratios.width() / maxImageSize,
        box.y1() * ratios.height() / maxImageSize);
  }

  /**
   * Returns the bins of a box.
   *
   * @param box in pixels of the image
   * @param ratios those of the image
   * @return bins of x0, y0, x1, y1; outside 0 to {@link #numBins()} - 1 where {@link #normalized}
   *     is outside 0 to 1
   */
  public int[] quantize(Box box, ResizeRatios ratios) {
    Box shares = normalized(box, ratios);
    return new int[] {
      quantize(shares.x0()), quantize(shares.y0()), quantize(shares.x1()), quantize(shares.y1())
    };
  }

  private int quantize(float share) {
    return (int) Math.rint(share * (numBins - 1));
  }

  /**
   * Returns the box that bins stand for.
   *
   * @param bins of x0, y0, x1, y1; any numbers, since a model may write other symbols
   * @param ratios those of the image
   * @return the box in pixels of the image
   */
  public Box dequantize(int[] bins, ResizeRatios ratios) {
    if (bins.length != 4) {
      throw new IllegalArgumentException(
          Text.format("bins: %d (expected: 4, for left, top, right, bottom)", bins.length));
    }
    return new Box(
        coordinate(bins[0]) / ratios.width(),
        coordinate(bins[1]) / ratios.height(),
        coordinate(bins[2]) / ratios.width(),
        coordinate(bins[3]) / ratios.height());
  }

  /**
   * Tells whether bins stand for a box in the image.
   *
   * @param bins of x0, y0, x1, y1; any numbers
   * @return whether all are bins, left is before right and top before bottom, and the left upper
   *     corner is in the image
   */
  public boolean isBox(int[] bins) {
    return bins.length == 4
        && Arrays.stream(bins).allMatch(bin -> bin >= 0 && bin < numBins)
        && bins[0] < bins[2]
        && bins[1] < bins[3]
        && coordinate(bins[0]) < patchImageSize
        && coordinate(bins[1]) < patchImageSize;
  }

  private float coordinate(int bin) {
    return (float) bin / (numBins - 1) * maxImageSize;
  }
}
