package org.ofaspark.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class CollatorTest {

  private static final int SIZE = 2;
  private static final float[] IMAGE = image(0);

  private static Example example(String id, List<Integer> source, List<Integer> target) {
    return new Example(
        id, "image", new EncodedImage(new byte[0], SIZE, SIZE), source, target, "", Fields.NONE);
  }

  private static float[] image(int first) {
    float[] pixels = new float[3 * SIZE * SIZE];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = first + i;
    }
    return pixels;
  }

  @Test
  void rowsArePaddedOnTheRightToTheLongest() {
    MicroBatch batch =
        Collator.collate(
            List.of(
                example("1", List.of(0, 7, 8, 9, 2), List.of(5, 2)),
                example("2", List.of(0, 2), List.of(6, 7, 8, 2))),
            List.of(image(0), image(100)),
            SIZE);

    assertThat(batch.size()).isEqualTo(2);
    assertThat(batch.sourceLength()).isEqualTo(5);
    assertThat(batch.targetLength()).isEqualTo(4);
    assertThat(batch.sourceTokens()).containsExactly(0, 7, 8, 9, 2, 0, 2, 1, 1, 1);
    assertThat(batch.targets()).containsExactly(5, 2, 1, 1, 6, 7, 8, 2);
    assertThat(batch.previousOutput()).containsExactly(0, 5, 1, 1, 0, 6, 7, 8);
    assertThat(batch.targetTokens()).isEqualTo(6);
    assertThat(batch.patchImages()).startsWith(image(0)).endsWith(image(100)).hasSize(24);
    assertThat(batch.hasImage(0)).isTrue();
    assertThat(batch.hasImage(1)).isTrue();
    assertThat(batch.isSourcePadding(1, 1)).isFalse();
    assertThat(batch.isSourcePadding(1, 2)).isTrue();
  }

  @Test
  void oneExampleIsABatch() {
    MicroBatch batch =
        Collator.collate(List.of(example("1", List.of(0, 2), List.of(2))), List.of(IMAGE), SIZE);
    assertThat(batch.sourceTokens()).containsExactly(0, 2);
    assertThat(batch.targets()).containsExactly(2);
    assertThat(batch.previousOutput()).containsExactly(0);
  }

  @Test
  void unknownSymbolsOfATargetAreNoPadding() {
    MicroBatch batch =
        Collator.collate(
            List.of(example("1", List.of(0, 2), List.of(3, 3, 2))), List.of(IMAGE), SIZE);
    assertThat(batch.targetTokens()).isEqualTo(3);
  }

  @Test
  void longRowsAreNotCut() {
    List<Integer> target = Collections.nCopies(5000, 4);
    MicroBatch batch =
        Collator.collate(List.of(example("1", target, target)), List.of(IMAGE), SIZE);
    assertThat(batch.targetLength()).isEqualTo(5000);
    assertThat(batch.sourceLength()).isEqualTo(5000);
  }

  @Test
  void whatDoesNotFitTogetherIsRefused() {
    Example good = example("good", List.of(0, 2), List.of(2));
    assertRefused(List.of(), List.of(), "examples of a micro-batch: 0 (expected: at least 1)");
    assertRefused(
        List.of(good, good),
        List.of(IMAGE),
        "images of a micro-batch: 1 (expected: one for each of 2 examples)");
    assertRefused(
        List.of(good),
        List.of(IMAGE, IMAGE),
        "images of a micro-batch: 2 (expected: one for each of 1 examples)");
    assertRefused(
        List.of(good, example("small", List.of(0, 2), List.of(2))),
        List.of(IMAGE, new float[3]),
        "image values of example small: 3 (expected: 12)");
    assertRefused(
        List.of(example("large", List.of(0, 2), List.of(2))),
        List.of(new float[13]),
        "image values of example large: 13 (expected: 12)");
    assertRefused(
        List.of(example("mute", List.of(0, 2), List.of())),
        List.of(IMAGE),
        "target of example mute: [] (expected: at least the end symbol)");
  }

  private static void assertRefused(List<Example> examples, List<float[]> images, String message) {
    assertThatThrownBy(() -> Collator.collate(examples, images, SIZE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }
}
