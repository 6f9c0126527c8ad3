package org.ofaspark.data;

import java.util.Arrays;
import java.util.List;
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
   */
  public static MicroBatch collate(List<Example> examples, List<float[]> images, int imageSize) {
    int values = 3 * imageSize * imageSize;
    float[] pixels = new float[examples.size() * values];
    for (int i = 0; i < images.size(); i++) {
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
