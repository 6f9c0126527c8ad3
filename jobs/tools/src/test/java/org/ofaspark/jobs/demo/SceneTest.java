package org.ofaspark.jobs.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.ofaspark.jobs.demo.Shape.Color;
import org.ofaspark.jobs.demo.Shape.Kind;

class SceneTest {

  private static final Shape CIRCLE = new Shape(Kind.CIRCLE, Color.RED, 5, 40, 24);
  private static final Shape SQUARE = new Shape(Kind.SQUARE, Color.BLUE, 50, 45, 40);

  @Test
  void captionsTellHowTheShapesLie() {
    assertThat(new Scene(CIRCLE, SQUARE).captions())
        .containsExactly(
            "a small red circle left of a large blue square",
            "a small red circle is left of a large blue square",
            "there is a small red circle left of a large blue square",
            "a small red circle and a large blue square");
    Shape above = new Shape(Kind.TRIANGLE, Color.GREEN, 8, 4, 25);
    assertThat(new Scene(above, CIRCLE).captions())
        .contains("a small green triangle above a small red circle");
  }

  @Test
  void captionsAreTrueOfEveryScene() {
    for (Scene scene : new SceneGenerator(8).next(300)) {
      if (scene.captions().get(0).contains(" above ")) {
        assertThat(scene.first().middleY()).isLessThan(scene.second().middleY());
      } else {
        assertThat(scene.captions().get(0)).contains(" left of ");
        assertThat(scene.first().middleX()).isLessThan(scene.second().middleX());
      }
      for (String caption : scene.captions()) {
        int place = -1;
        for (Shape shape : scene.shapes()) {
          int next = caption.indexOf("a " + shape.description(), place + 1);
          assertThat(next).as(caption).isGreaterThan(place);
          place = next;
        }
      }
    }
  }

  @Test
  void aPersonWhoReadsAnExpressionFindsOneShape() {
    for (Scene scene : new SceneGenerator(9).next(300)) {
      for (Shape shape : scene.shapes()) {
        assertThat(scene.expressions(shape))
            .hasSizeGreaterThanOrEqualTo(2)
            .allSatisfy(
                expression ->
                    assertThat(scene.shapes())
                        .filteredOn(other -> fits(expression, other))
                        .containsExactly(shape));
      }
    }
  }

  private static boolean fits(String expression, Shape shape) {
    List<String> words =
        List.of("the", "one", shape.sizeWord(), shape.colorWord(), shape.kindWord());
    return words.containsAll(List.of(expression.split(" ", -1)));
  }
}
