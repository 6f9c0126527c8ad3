package org.ofaspark.metric;

import org.ofaspark.image.Box;

/**
 * How well a predicted region covers the reference: intersection over union.
 *
 * <p>{@link #reaches} decides as upstream's {@code tasks/mm_tasks/refcoco.py} does, in float32 and
 * with 1e-6 added to the union, so that an overlap of exactly the threshold fails. {@link #iou} is
 * the plain quotient in double precision.
 */
public final class RegionOverlap {

  private static final float EPSILON = 1e-6f;

  private RegionOverlap() {}

  /**
   * Tells whether a prediction counts as correct.
   *
   * @param hypothesis the predicted region
   * @param reference the region that is asked for
   * @param threshold the smallest intersection over union, 0 to 1
   */
  public static boolean reaches(Box hypothesis, Box reference, float threshold) {
    float width = overlap(hypothesis.x0(), hypothesis.x1(), reference.x0(), reference.x1());
    float height = overlap(hypothesis.y0(), hypothesis.y1(), reference.y0(), reference.y1());
    float intersection = width * height;
    float union = area(hypothesis) + area(reference) - intersection + EPSILON;
    return intersection / union >= threshold && width > 0 && height > 0;
  }

  /**
   * Returns the intersection over the union of two regions.
   *
   * @return 0 to 1; 0 if they do not overlap or one is inside out
   */
  public static double iou(Box hypothesis, Box reference) {
    double width =
        Math.min((double) hypothesis.x1(), reference.x1())
            - Math.max((double) hypothesis.x0(), reference.x0());
    double height =
        Math.min((double) hypothesis.y1(), reference.y1())
            - Math.max((double) hypothesis.y0(), reference.y0());
    if (!(width > 0 && height > 0)) {
      return 0;
    }
    double intersection = width * height;
    return intersection / (exactArea(hypothesis) + exactArea(reference) - intersection);
  }

  private static float overlap(float from, float to, float otherFrom, float otherTo) {
    return Math.min(to, otherTo) - Math.max(from, otherFrom);
  }

  private static float area(Box region) {
    return (region.x1() - region.x0()) * (region.y1() - region.y0());
  }

  private static double exactArea(Box region) {
    return ((double) region.x1() - region.x0()) * ((double) region.y1() - region.y0());
  }
}
