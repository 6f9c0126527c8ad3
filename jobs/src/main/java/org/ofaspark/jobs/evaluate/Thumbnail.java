package org.ofaspark.jobs.evaluate;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.ofaspark.data.EncodedImage;
import org.ofaspark.image.BicubicResize;
import org.ofaspark.image.ImageDecoder;
import org.ofaspark.image.ImageLimits;
import org.ofaspark.image.RgbImage;

/** A small copy of a picture, for a page that holds many. */
final class Thumbnail {

  private static final ImageDecoder DECODER = new ImageDecoder(ImageLimits.NONE);

  private Thumbnail() {}

  /**
   * Returns a picture as a URL that holds it.
   *
   * @param image the picture
   * @param side the longest side of the copy, in pixels
   */
  static String url(EncodedImage image, int side) {
    return "data:image/jpeg;base64," + Base64.getEncoder().encodeToString(jpeg(image, side));
  }

  private static byte[] jpeg(EncodedImage image, int side) {
    RgbImage pixels = DECODER.decode(image.bytes());
    double scale = Math.min(1, side / (double) Math.max(pixels.width(), pixels.height()));
    RgbImage small =
        BicubicResize.resize(
            pixels,
            (int) Math.max(1, Math.round(scale * pixels.width())),
            (int) Math.max(1, Math.round(scale * pixels.height())));
    var file = new ByteArrayOutputStream();
    try (var stream = new MemoryCacheImageOutputStream(file)) {
      ImageIO.write(buffered(small), "jpeg", stream);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // to memory: cannot be
    }
    return file.toByteArray();
  }

  private static BufferedImage buffered(RgbImage image) {
    byte[] rgb = image.toBytes();
    int[] packed = new int[image.width() * image.height()];
    for (int i = 0; i < packed.length; i++) {
      packed[i] =
          (rgb[3 * i] & 0xff) << 16 | (rgb[3 * i + 1] & 0xff) << 8 | (rgb[3 * i + 2] & 0xff);
    }
    var buffered = new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_INT_RGB);
    buffered.setRGB(0, 0, image.width(), image.height(), packed, 0, image.width());
    return buffered;
  }
}
