package org.ofaspark.jobs.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SceneGeneratorTest {

  @Test
  void aSeedGivesTheSameScenesAndPicturesEveryTime() {
    List<Scene> scenes = new SceneGenerator(3).next(50);
    assertThat(new SceneGenerator(3).next(50)).isEqualTo(scenes);
    assertThat(new SceneGenerator(4).next(50)).doesNotContainAnyElementsOf(scenes);
    assertThat(ScenePicture.png(scenes.get(0))).isEqualTo(ScenePicture.png(scenes.get(0)));
  }

  @Test
  void noSceneComesTwiceSoThatSplitsShareNone() {
    var generator = new SceneGenerator(1);
    List<Scene> scenes = new ArrayList<>(generator.next(2000));
    scenes.addAll(generator.next(400));
    assertThat(scenes).hasSize(2400).doesNotHaveDuplicates();
  }

  @Test
  void shapesLieApartWithinThePicture() {
    for (Scene scene : new SceneGenerator(5).next(200)) {
      for (Shape shape : scene.shapes()) {
        assertThat(shape.left()).isNotNegative();
        assertThat(shape.top()).isNotNegative();
        assertThat(shape.right()).isLessThanOrEqualTo(ScenePicture.SIDE);
        assertThat(shape.bottom()).isLessThanOrEqualTo(ScenePicture.SIDE);
        assertThat(scene.shapes())
            .filteredOn(other -> shape.isWithin(1, other))
            .containsOnly(shape);
      }
    }
  }

  @Test
  void scenesOfEverySizeKindAndColorOccur() {
    List<Shape> shapes =
        new SceneGenerator(6).next(300).stream().flatMap(s -> s.shapes().stream()).toList();
    assertThat(shapes).extracting(Shape::kind).contains(Shape.Kind.values());
    assertThat(shapes).extracting(Shape::color).contains(Shape.Color.values());
    assertThat(shapes).extracting(Shape::sizeWord).contains("small", "large");
  }
}
