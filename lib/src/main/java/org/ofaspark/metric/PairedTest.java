package org.ofaspark.metric;

import java.io.Serializable;

/**
 * A test of whether two runs over the same examples differ, by approximate randomization, as a
 * statistic that merges.
 *
 * <p>If the runs did not differ, it would not matter which of the two gave which answer. So in each
 * shuffle a coin decides for every example whether its two answers change sides, and the p-value is
 * the share of shuffles in which the metric's difference is at least as large as the one that was
 * found, the one found counted as a shuffle. This holds for any metric, corpus BLEU as well as
 * means. The coin is a function of seed, shuffle and the example's id alone. Not safe for use by
 * several threads.
 *
 * @see <a href="https://aclanthology.org/W05-0908">Riezler and Maxwell, On Some Pitfalls in
 *     Automatic Evaluation and Significance Testing for MT</a>
 */
public final class PairedTest implements Serializable {

  private static final long serialVersionUID = 1;

  /** Differences that differ in rounding only are equal. */
  private static final double ROUNDING = 1e-12;

  private final long seed;
  private final double[] first;
  private final double[] second;

  /** For each shuffle the sums of the first side; the second has the rest. */
  private final double[][] shuffled;

  /**
   * Starts with no examples.
   *
   * @param seed decides the shuffles
   * @param shuffles how many, at least 1
   * @param statistics how many statistics an example has
   */
  public PairedTest(long seed, int shuffles, int statistics) {
    if (shuffles < 1) {
      throw new IllegalArgumentException("shuffles: " + shuffles + " (expected: >= 1)");
    }
    this.seed = seed;
    this.first = new double[statistics];
    this.second = new double[statistics];
    this.shuffled = new double[shuffles][statistics];
  }

  /**
   * Adds an example.
   *
   * @param id its id, which no other example has
   * @param one its statistics in the first run
   * @param other its statistics in the second run
   */
  public PairedTest add(String id, double[] one, double[] other) {
    long example = NgramCounts.fingerprint(id);
    addTo(first, one);
    addTo(second, other);
    for (int shuffle = 0; shuffle < shuffled.length; shuffle++) {
      addTo(shuffled[shuffle], HashedRandom.coin(seed, shuffle, example) ? one : other);
    }
    return this;
  }

  /** Adds the examples of another, which has the same seed, shuffles and statistics. */
  public PairedTest merge(PairedTest other) {
    addTo(first, other.first);
    addTo(second, other.second);
    for (int shuffle = 0; shuffle < shuffled.length; shuffle++) {
      addTo(shuffled[shuffle], other.shuffled[shuffle]);
    }
    return this;
  }

  private static void addTo(double[] sums, double[] statistics) {
    for (int i = 0; i < sums.length; i++) {
      sums[i] += statistics[i];
    }
  }

  /** Returns a metric's value in the first run. */
  public double first(SummedMetric.Formula metric) {
    return metric.of(first);
  }

  /** Returns a metric's value in the second run. */
  public double second(SummedMetric.Formula metric) {
    return metric.of(second);
  }

  /**
   * Returns the chance of a difference as large as that of the two runs if they were alike, in
   * either direction.
   *
   * @param metric the metric as a function of the sums
   * @return above 0, at most 1
   */
  public double pValue(SummedMetric.Formula metric) {
    double found = Math.abs(metric.of(second) - metric.of(first));
    int reached = 1;
    double[] rest = new double[first.length];
    for (double[] side : shuffled) {
      for (int i = 0; i < rest.length; i++) {
        rest[i] = first[i] + second[i] - side[i];
      }
      double difference = Math.abs(metric.of(rest) - metric.of(side));
      reached += difference >= found - ROUNDING ? 1 : 0;
    }
    return reached / (shuffled.length + 1.0);
  }
}
