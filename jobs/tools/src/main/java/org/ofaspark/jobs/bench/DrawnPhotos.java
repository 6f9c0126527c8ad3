package org.ofaspark.jobs.bench;

import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.BufferedWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.ofaspark.config.Text;

/** TSV files of captions with drawn JPEG pictures that cost about what photos do. */
final class DrawnPhotos {

  private static final int PICTURES = 200; // different ones
  private static final int SHAPES = 60;

  private DrawnPhotos() {}

  /**
   * Writes a file of captions.
   *
   * @param file where to
   * @param rows how many
   * @param width of a picture, in pixels
   * @param height of a picture
   */
  static void write(Path file, int rows, int width, int height) throws IOException {
    var random = new Random(1);
    List<String> pictures = new ArrayList<>();
    for (int i = 0; i < Math.min(rows, PICTURES); i++) {
      pictures.add(Base64.getEncoder().encodeToString(picture(random, width, height)));
    }
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      for (int row = 0; row < rows; row++) {
        String caption = Text.format("a drawing of %d shapes in many colors", row);
        out.write(
            Text.format(
                "%d\timage-%d\t%s\t\t%s\n", row, row, caption, pictures.get(row % PICTURES)));
      }
    }
  }

  /** Draws smooth areas, edges and a little noise, which makes a JPEG about as large as a photo. */
  private static byte[] picture(Random random, int width, int height) throws IOException {
    var image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    for (int i = 0; i < SHAPES; i++) {
      int x = random.nextInt(width);
      int y = random.nextInt(height);
      graphics.setPaint(
          new GradientPaint(x, y, color(random), x + width / 4f, y + height / 4f, color(random)));
      graphics.fillOval(x - width / 8, y - height / 8, width / 4, height / 4);
    }
    graphics.dispose();
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        image.setRGB(x, y, image.getRGB(x, y) ^ (random.nextInt(16) * 0x010101));
      }
    }
    var bytes = new ByteArrayOutputStream();
    ImageIO.write(image, "jpg", bytes);
    return bytes.toByteArray();
  }

  private static Color color(Random random) {
    return new Color(random.nextInt(256), random.nextInt(256), random.nextInt(256));
  }
}
