package org.ofaspark.jobs.preprocess;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Base64;
import javax.imageio.ImageIO;

/** Images as they stand in tables. */
final class TestImages {

  private TestImages() {}

  /** Returns a PNG file with a pattern of its own for each seed. */
  static byte[] png(int width, int height, int seed) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        image.setRGB(x, y, seed * 7919 + x * 65_793 + y * 4099);
      }
    }
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    try {
      ImageIO.write(image, "png", file);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // to memory: cannot be
    }
    return file.toByteArray();
  }

  /** Returns a PNG file in base64. */
  static String base64(int width, int height, int seed) {
    return base64(png(width, height, seed));
  }

  /** Returns a file without its last bytes, in base64. */
  static String truncated(byte[] file) {
    return base64(Arrays.copyOf(file, file.length / 2));
  }

  /** Returns bytes in base64. */
  static String base64(byte[] file) {
    return Base64.getEncoder().encodeToString(file);
  }
}
