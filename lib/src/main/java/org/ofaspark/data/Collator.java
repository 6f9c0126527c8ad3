package org.ofaspark.data;

import java.util.Arrays;
import java.util.List;
import org.ofaspark.config.Checks;
import org.ofaspark.config.Text;
import org.ofaspark.text.Dictionary;

/**
 * Puts examples together to a micro-batch, padded on the right to the longest of them.
 *
 * <p>Upstream: {@code collate} in {@code data/data_utils.py}.
 */
public final class Collator {

  private Collator() {}

  /**
   * Collates examples.
   *
   * @param examples at least one
   * @param images for each example its pixels, row-major (3, imageSize, imageSize)
   * @param imageSize side of an image in pixels
   * @throws IllegalArgumentException if there is no example, an image is missing or of another
   *     size, or a target is empty
   */
  public static MicroBatch collate(List<Example> examples, List<float[]> images, int imageSize) {
    Checks.that("examples of a micro-batch", examples.size(), !examples.isEmpty(), "at least 1");
    Checks.that(
        "images of a micro-batch",
        images.size(),
        images.size() == examples.size(),
        Text.format("one for each of %d examples", examples.size()));
    int values = 3 * imageSize * imageSize;
    float[] pixels = new float[examples.size() * values];
    for (int i = 0; i < examples.size(); i++) {
      check(examples.get(i), images.get(i), values);
      System.arraycopy(images.get(i), 0, pixels, i * values, values);
    }
    boolean[] masks = new boolean[examples.size()];
    Arrays.fill(masks, true);
    List<List<Integer>> targets = examples.stream().map(Example::target).toList();
    return new MicroBatch(
        padded(examples.stream().map(Example::source).toList()),
        padded(targets.stream().map(Collator::previousOutput).toList()),
        padded(targets),
        pixels,
        imageSize,
        imageSize,
        masks);
  }

  /**
   * Collates questions, which have no targets: of these there is only what starts and ends one.
   *
   * @param questions at least one
   * @param imageSize side of an image in pixels
   */
  public static MicroBatch questions(List<Question> questions, int imageSize) {
    int values = 3 * imageSize * imageSize;
    float[] pixels = new float[questions.size() * values];
    for (int i = 0; i < questions.size(); i++) {
      System.arraycopy(questions.get(i).pixels(), 0, pixels, i * values, values);
    }
    long[] source = padded(questions.stream().map(Question::source).toList());
    return MicroBatch.withoutTargets(source, pixels, imageSize, imageSize, questions.size());
  }

  private static void check(Example example, float[] image, int values) {
    Checks.that(
        "image values of example " + example.exampleId(),
        image.length,
        image.length == values,
        String.valueOf(values));
    Checks.that(
        "target of example " + example.exampleId(),
        example.target(),
        !example.target().isEmpty(),
        "at least the end symbol");
  }

  /** Moves a target one to the right, behind the begin symbol. */
  private static List<Integer> previousOutput(List<Integer> target) {
    Integer[] previous = new Integer[target.size()];
    previous[0] = Dictionary.BOS;
    for (int i = 1; i < previous.length; i++) {
      previous[i] = target.get(i - 1);
    }
    return List.of(previous);
  }

  private static long[] padded(List<List<Integer>> rows) {
    int length = rows.stream().mapToInt(List::size).max().orElse(0);
    long[] result = new long[rows.size() * length];
    Arrays.fill(result, Dictionary.PAD);
    for (int i = 0; i < rows.size(); i++) {
      for (int k = 0; k < rows.get(i).size(); k++) {
        result[i * length + k] = rows.get(i).get(k);
      }
    }
    return result;
  }
}
