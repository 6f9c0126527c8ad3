package org.ofaspark.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BicubicResizeTest {

  private static RgbImage noise(int width, int height) {
    byte[] rgb = new byte[3 * width * height];
    new Random(width * 1000L + height).nextBytes(rgb);
    return RgbImage.of(width, height, rgb);
  }

  @Test
  void sameSizeKeepsEveryPixel() {
    RgbImage image = noise(31, 17);
    assertThat(BicubicResize.resize(image, 31, 17).toBytes()).isEqualTo(image.toBytes());
  }

  @ParameterizedTest
  @CsvSource({"480, 480", "1, 1", "7, 300", "300, 7", "2000, 3"})
  void oneColourStaysThatColour(int width, int height) {
    byte[] rgb = new byte[3 * 123 * 45];
    Arrays.fill(rgb, (byte) 201);
    RgbImage resized = BicubicResize.resize(RgbImage.of(123, 45, rgb), width, height);
    assertThat(resized.width()).isEqualTo(width);
    assertThat(resized.height()).isEqualTo(height);
    assertThat(resized.toBytes()).hasSize(3 * width * height).containsOnly(201);
  }

  @ParameterizedTest
  @CsvSource({"640, 480, 64, 64", "20, 16, 96, 96", "33, 50, 50, 33", "5, 400, 40, 4"})
  void weighsEachPixelAsTheFormulaSays(int width, int height, int newWidth, int newHeight) {
    RgbImage image = noise(width, height);
    byte[] rgb = image.toBytes();
    int[][][] columns = new int[height][newWidth][3];
    for (int y = 0; y < height; y++) {
      for (int c = 0; c < 3; c++) {
        int[] line = new int[width];
        for (int x = 0; x < width; x++) {
          line[x] = rgb[3 * (y * width + x) + c] & 0xFF;
        }
        int[] resized = resizeLine(line, newWidth);
        for (int x = 0; x < newWidth; x++) {
          columns[y][x][c] = resized[x];
        }
      }
    }
    byte[] expected = new byte[3 * newWidth * newHeight];
    for (int x = 0; x < newWidth; x++) {
      for (int c = 0; c < 3; c++) {
        int[] line = new int[height];
        for (int y = 0; y < height; y++) {
          line[y] = columns[y][x][c];
        }
        int[] resized = resizeLine(line, newHeight);
        for (int y = 0; y < newHeight; y++) {
          expected[3 * (y * newWidth + x) + c] = (byte) resized[y];
        }
      }
    }
    assertThat(BicubicResize.resize(image, newWidth, newHeight).toBytes()).isEqualTo(expected);
  }

  /** The formula in its plainest form, one line of one colour. */
  private static int[] resizeLine(int[] in, int size) {
    double scale = (double) in.length / size;
    double stretch = Math.max(scale, 1);
    int[] out = new int[size];
    for (int i = 0; i < size; i++) {
      double center = (i + 0.5) * scale;
      int low = Math.max((int) (center - 2 * stretch + 0.5), 0);
      int high = Math.min((int) (center + 2 * stretch + 0.5), in.length);
      double total = 0;
      for (int x = low; x < high; x++) {
        total += kernel((x - center + 0.5) / stretch);
      }
      long sum = 1L << 21;
      for (int x = low; x < high; x++) {
        sum += Math.round(kernel((x - center + 0.5) / stretch) / total * (1 << 22)) * in[x];
      }
      out[i] = (int) Math.max(0, Math.min(255, sum >> 22));
    }
    return out;
  }

  private static double kernel(double distance) {
    double x = Math.abs(distance);
    if (x >= 2) {
      return 0;
    }
    return x < 1 ? 1.5 * x * x * x - 2.5 * x * x + 1 : -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2;
  }

  @Test
  void emptySizesAreRefused() {
    assertThatThrownBy(() -> BicubicResize.resize(noise(2, 2), 0, 480))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("resize: 0 x 480 pixels (expected: at least 1 x 1)");
  }
}
