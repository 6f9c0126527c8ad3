package org.ofaspark.metric;

import java.io.Serializable;
import org.ofaspark.image.Box;

/**
 * The scores of referring-expression comprehension, as a statistic that merges.
 *
 * @param correct how many predictions reach an intersection over union of 0.5 by upstream's formula
 * @param iouSum the sum of the plain intersections over unions
 * @param examples how many predictions were added
 */
public record RefcocoAccuracy(long correct, double iouSum, long examples) implements Serializable {

  /** The statistic of no examples. */
  public static final RefcocoAccuracy EMPTY = new RefcocoAccuracy(0, 0, 0);

  private static final float THRESHOLD = 0.5f;

  /** Returns the statistic of one prediction. */
  public static RefcocoAccuracy of(Box hypothesis, Box reference) {
    return new RefcocoAccuracy(
        RegionOverlap.reaches(hypothesis, reference, THRESHOLD) ? 1 : 0,
        RegionOverlap.iou(hypothesis, reference),
        1);
  }

  /** Returns the statistic of the examples of both. */
  public RefcocoAccuracy plus(RefcocoAccuracy other) {
    return new RefcocoAccuracy(
        correct + other.correct, iouSum + other.iouSum, examples + other.examples);
  }

  /** Returns the share of correct predictions, 0 if there are no examples. */
  public double accuracy() {
    return examples == 0 ? 0 : correct / (double) examples;
  }

  /** Returns the mean intersection over union, 0 if there are no examples. */
  public double meanIou() {
    return examples == 0 ? 0 : iouSum / examples;
  }
}
