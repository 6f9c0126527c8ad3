package org.ofaspark.metric;

import java.util.Arrays;

/**
 * A confidence interval.
 *
 * @param low its lower end
 * @param high its upper end
 */
public record Interval(double low, double high) {

  /**
   * Returns the middle part of a sample, by quantiles that are interpolated between its values.
   *
   * @param values the sample; NaN counts as no value
   * @param level the share of the values to span, 0 to 1
   * @return NaN at both ends if there is no value
   */
  public static Interval ofMiddle(double[] values, double level) {
    double[] sorted =
        Arrays.stream(values).filter(value -> !Double.isNaN(value)).sorted().toArray();
    if (sorted.length == 0) {
      return new Interval(Double.NaN, Double.NaN);
    }
    double tail = (1 - level) / 2;
    return new Interval(quantile(sorted, tail), quantile(sorted, 1 - tail));
  }

  private static double quantile(double[] sorted, double share) {
    double position = share * (sorted.length - 1);
    int below = (int) position;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
  }
}
