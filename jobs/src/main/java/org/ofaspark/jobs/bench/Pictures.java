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

/** Drawn pictures of 640 x 480 pixels, about as large as photos, in tables as upstream's. */
final class Pictures {

  private static final int PICTURES = 200;
  private static final int WIDTH = 640;
  private static final int HEIGHT = 480;
  private static final int SHAPES = 60;

  private Pictures() {}

  /** Writes a table of captions; a picture comes again every 200 rows. */
  static void writeCaptions(Path file, int rows) throws IOException {
    var random = new Random(1);
    List<String> pictures = new ArrayList<>();
    for (int i = 0; i < Math.min(rows, PICTURES); i++) {
      pictures.add(Base64.getEncoder().encodeToString(picture(random)));
    }
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      for (int row = 0; row < rows; row++) {
        String caption = "a drawing of %d shapes in many colors".formatted(row);
        out.write(
            "%d\timage-%d\t%s\t\t%s\n".formatted(row, row, caption, pictures.get(row % PICTURES)));
      }
    }
  }

  /** Draws smooth areas, edges and a little noise, which makes a JPEG about as large as a photo. */
  private static byte[] picture(Random random) throws IOException {
    var image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    for (int i = 0; i < SHAPES; i++) {
      int x = random.nextInt(WIDTH);
      int y = random.nextInt(HEIGHT);
      graphics.setPaint(
          new GradientPaint(x, y, color(random), x + WIDTH / 4f, y + HEIGHT / 4f, color(random)));
      graphics.fillOval(x - WIDTH / 8, y - HEIGHT / 8, WIDTH / 4, HEIGHT / 4);
    }
    graphics.dispose();
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
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
