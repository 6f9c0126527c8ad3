package org.ofaspark.jobs.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScenePictureTest {

  @Test
  void boxesHoldAllPixelsOfTheirShapesAndNoMarginAroundThem() {
    for (Scene scene : new SceneGenerator(2).next(60)) {
      BufferedImage image = ScenePicture.draw(scene);
      assertThat(drawnBox(image, scene.second())).as("%s", scene).isEqualTo(box(scene.first()));
      assertThat(drawnBox(image, scene.first())).as("%s", scene).isEqualTo(box(scene.second()));
    }
  }

  @Test
  void everyShapeOfASceneIsDrawnInItsColor() {
    for (Scene scene : new SceneGenerator(2).next(60)) {
      BufferedImage image = ScenePicture.draw(scene);
      for (Shape shape : scene.shapes()) {
        int middle = image.getRGB(shape.middleX() / 2, shape.middleY() / 2) & 0xFFFFFF;
        assertThat(middle).as("%s", shape).isEqualTo(shape.color().rgb());
      }
    }
  }

  private static List<Integer> box(Shape shape) {
    return List.of(shape.left(), shape.top(), shape.right(), shape.bottom());
  }

  /** Returns the box of all drawn pixels outside the box of a shape. */
  private static List<Integer> drawnBox(BufferedImage image, Shape without) {
    int left = image.getWidth();
    int top = image.getHeight();
    int right = 0;
    int bottom = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        var pixel = new Shape(without.kind(), without.color(), x, y, 1);
        if ((image.getRGB(x, y) & 0xFFFFFF) != ScenePicture.BACKGROUND
            && !pixel.isWithin(0, without)) {
          left = Math.min(left, x);
          top = Math.min(top, y);
          right = Math.max(right, x + 1);
          bottom = Math.max(bottom, y + 1);
        }
      }
    }
    return List.of(left, top, right, bottom);
  }
}
