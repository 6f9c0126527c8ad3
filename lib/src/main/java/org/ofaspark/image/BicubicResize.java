package org.ofaspark.image;

import java.util.Arrays;
import org.ofaspark.config.Text;

/**
 * Pillow's bicubic resize, bit for bit that of Pillow 9.4 to 12; Pillow 13 resizes narrow pictures
 * differently.
 *
 * <p>Two passes, first along the rows, then along the columns, each rounding to 8 bits; a pass that
 * would keep its length is left out. An output pixel is the weighted sum of the pixels around its
 * centre, with weights from the cubic kernel of a = -1/2; where the image shrinks, the kernel is
 * stretched by the same factor, so that every pixel counts and nothing aliases. Weights are
 * computed in float64 and rounded to 22 bits behind the point; sums are exact integers.
 *
 * @see <a href="https://doi.org/10.1109/TASSP.1981.1163711">Keys 1981, cubic convolution</a>
 */
public final class BicubicResize {

  private static final int PRECISION = 22;
  private static final int HALF = 1 << (PRECISION - 1);
  private static final double RADIUS = 2;

  private BicubicResize() {}

  /**
   * Resizes an image; the aspect ratio is not kept.
   *
   * @param image the image
   * @param width width of the result in pixels, at least 1
   * @param height height of the result in pixels, at least 1
   */
  public static RgbImage resize(RgbImage image, int width, int height) {
    if (width < 1 || height < 1) {
      throw new IllegalArgumentException(
          Text.format("resize: %d x %d pixels (expected: at least 1 x 1)", width, height));
    }
    byte[] rgb = image.rgb();
    if (width != image.width()) {
      rgb = resizeRows(rgb, image.width(), image.height(), new Weights(image.width(), width));
    }
    if (height != image.height()) {
      rgb = resizeColumns(rgb, 3 * width, new Weights(image.height(), height));
    }
    return new RgbImage(width, height, rgb);
  }

  /** Weighs neighbours within each row: shape (height, in, 3) to (height, out, 3). */
  private static byte[] resizeRows(byte[] pixels, int width, int height, Weights weights) {
    int out = weights.first.length;
    byte[] result = new byte[3 * out * height];
    int next = 0;
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < out; x++) {
        int pixel = 3 * (y * width + weights.first[x]);
        int red = HALF;
        int green = HALF;
        int blue = HALF;
        for (int w = weights.start[x]; w < weights.start[x + 1]; w++) {
          int weight = weights.values[w];
          red += weight * (pixels[pixel] & 0xFF);
          green += weight * (pixels[pixel + 1] & 0xFF);
          blue += weight * (pixels[pixel + 2] & 0xFF);
          pixel += 3;
        }
        result[next] = clip(red);
        result[next + 1] = clip(green);
        result[next + 2] = clip(blue);
        next += 3;
      }
    }
    return result;
  }

  /** Weighs neighbours within each column: shape (in, rowLength) to (out, rowLength). */
  private static byte[] resizeColumns(byte[] pixels, int rowLength, Weights weights) {
    int out = weights.first.length;
    byte[] result = new byte[out * rowLength];
    int[] sums = new int[rowLength];
    for (int y = 0; y < out; y++) {
      Arrays.fill(sums, HALF);
      int row = weights.first[y] * rowLength;
      for (int w = weights.start[y]; w < weights.start[y + 1]; w++) {
        int weight = weights.values[w];
        for (int i = 0; i < rowLength; i++) {
          sums[i] += weight * (pixels[row + i] & 0xFF);
        }
        row += rowLength;
      }
      for (int i = 0; i < rowLength; i++) {
        result[y * rowLength + i] = clip(sums[i]);
      }
    }
    return result;
  }

  private static byte clip(int sum) {
    return (byte) Math.max(0, Math.min(255, sum >> PRECISION));
  }

  /** For each output index, the input indices that count and their weights. */
  private static final class Weights {
    private final int[] first; // the first input index
    private final int[] start; // where its weights start; one more entry ends the last
    private final int[] values; // fixed point, summing to about 1

    private Weights(int in, int out) {
      double scale = (double) in / out;
      double stretch = Math.max(scale, 1);
      double shrink = 1 / stretch;
      double support = RADIUS * stretch;
      first = new int[out];
      start = new int[out + 1];
      int[] buffer = new int[out * (2 * (int) Math.ceil(support) + 1)];
      for (int i = 0; i < out; i++) {
        double center = (i + 0.5) * scale;
        first[i] = Math.max((int) (center - support + 0.5), 0);
        int count = Math.min((int) (center + support + 0.5), in) - first[i];
        double[] weights = new double[count];
        double sum = 0;
        for (int k = 0; k < count; k++) {
          weights[k] = cubic((k + first[i] - center + 0.5) * shrink);
          sum += weights[k];
        }
        for (int k = 0; k < count; k++) {
          buffer[start[i] + k] = fixed(weights[k] / sum);
        }
        start[i + 1] = start[i] + count;
      }
      values = Arrays.copyOf(buffer, start[out]);
    }

    private static double cubic(double distance) {
      double x = Math.abs(distance);
      if (x < 1) {
        return (1.5 * x - 2.5) * x * x + 1;
      }
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
    }

    /** Rounds halves away from zero. */
    private static int fixed(double weight) {
      return (int) (weight * (1 << PRECISION) + Math.copySign(0.5, weight));
    }
  }
}
