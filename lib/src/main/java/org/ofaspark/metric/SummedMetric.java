package org.ofaspark.metric;

/**
 * A metric of a set of examples as a function of sums over them, which is what lets it be resampled
 * without looking at the examples again.
 *
 * @param name its name
 * @param formula its value
 */
public record SummedMetric(String name, Formula formula) {

  /** Computes a metric. */
  @FunctionalInterface
  public interface Formula {

    /**
     * Returns the value, NaN if the sums are those of no examples.
     *
     * @param sums the sum of each statistic of the examples
     */
    double of(double[] sums);
  }

  /**
   * Returns a metric that is the quotient of two sums.
   *
   * @param name its name
   * @param dividend the place of one sum
   * @param divisor the place of the other
   */
  public static SummedMetric quotient(String name, int dividend, int divisor) {
    return new SummedMetric(name, sums -> sums[dividend] / sums[divisor]);
  }
}
