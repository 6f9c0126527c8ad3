package org.ofaspark.jobs.demo;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * Draws scenes. It counts the points of each pixel that a shape covers itself, so that edges are
 * smooth and a picture has the same pixels on every machine.
 */
final class ScenePicture {

  /** Columns and rows of pixels of a picture. */
  static final int SIDE = 96;

  static final int BACKGROUND = 0xF6F3EC;

  private static final int POINTS = 4; // on each axis of a pixel

  private ScenePicture() {}

  /** Returns a scene as a PNG file. */
  static byte[] png(Scene scene) {
    var file = new ByteArrayOutputStream();
    try (var stream = new MemoryCacheImageOutputStream(file)) {
      ImageIO.write(draw(scene), "png", stream);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // to memory: cannot be
    }
    return file.toByteArray();
  }

  /** Returns the pixels of a scene. */
  static BufferedImage draw(Scene scene) {
    var image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < SIDE; y++) {
      for (int x = 0; x < SIDE; x++) {
        image.setRGB(x, y, BACKGROUND);
      }
    }
    scene.shapes().forEach(shape -> fill(image, shape));
    return image;
  }

  private static void fill(BufferedImage image, Shape shape) {
    for (int y = shape.top(); y < shape.bottom(); y++) {
      for (int x = shape.left(); x < shape.right(); x++) {
        int covered = covered(shape, x, y);
        image.setRGB(x, y, mix(BACKGROUND, shape.color().rgb(), covered));
      }
    }
  }

  private static int covered(Shape shape, int column, int row) {
    int covered = 0;
    for (int i = 0; i < POINTS; i++) {
      for (int j = 0; j < POINTS; j++) {
        double x = column - shape.left() + (i + 0.5) / POINTS;
        double y = row - shape.top() + (j + 0.5) / POINTS;
        covered += shape.kind().covers(x / shape.side(), y / shape.side()) ? 1 : 0;
      }
    }
    return covered;
  }

  /** Mixes two colors by the points of a pixel that the second covers. */
  private static int mix(int back, int front, int covered) {
    int all = POINTS * POINTS;
    int mixed = 0;
    for (int shift = 0; shift <= 16; shift += 8) {
      int value = channel(back, shift) * (all - covered) + channel(front, shift) * covered;
      mixed |= ((value + all / 2) / all) << shift;
    }
    return mixed;
  }

  private static int channel(int rgb, int shift) {
    return (rgb >> shift) & 0xFF;
  }
}
