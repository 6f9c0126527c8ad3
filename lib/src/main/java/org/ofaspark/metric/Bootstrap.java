package org.ofaspark.metric;

import java.io.Serializable;
import java.util.Arrays;

/**
 * Sums of statistics over bootstrap samples of a set of examples, as a statistic that merges.
 *
 * <p>A sample holds each example as often as a Poisson variable of mean 1 says, so that the samples
 * need not know how many examples there are; for metrics that are functions of sums this is the
 * bootstrap, but for a variance of the sample's size that quotients of sums do not see. The number
 * is a function of seed, sample and the example's id alone. So the sums do not depend on how the
 * examples are divided among tasks, but for the rounding of sums, and two runs over the same
 * examples are sampled alike: a difference of theirs is paired.
 *
 * <p>An example costs some nanoseconds a sample, whatever it took to score it. Not safe for use by
 * several threads.
 *
 * @see <a href="https://research.google/pubs/pub43157/">Chamandy et al., Estimating Uncertainty for
 *     Massive Data Streams</a>
 */
public final class Bootstrap implements Serializable {

  private static final long serialVersionUID = 1;

  /** The chances of a Poisson variable of mean 1 to be at most 0, 1, ...; the rest is 2e-17. */
  private static final double[] CUMULATIVE = cumulative(19);

  private final long seed;
  private final double[][] sums;

  /**
   * Starts with no examples.
   *
   * @param seed decides the samples
   * @param samples how many, at least 1
   * @param statistics how many statistics an example has
   */
  public Bootstrap(long seed, int samples, int statistics) {
    if (samples < 1) {
      throw new IllegalArgumentException("samples: " + samples + " (expected: >= 1)");
    }
    this.seed = seed;
    this.sums = new double[samples][statistics];
  }

  /**
   * Adds an example.
   *
   * @param id its id, which no other example has
   * @param statistics what is summed
   */
  public Bootstrap add(String id, double[] statistics) {
    long example = NgramCounts.fingerprint(id);
    for (int sample = 0; sample < sums.length; sample++) {
      int times = poisson(HashedRandom.uniform(seed, sample, example));
      if (times > 0) {
        double[] sum = sums[sample];
        for (int i = 0; i < sum.length; i++) {
          sum[i] += times * statistics[i];
        }
      }
    }
    return this;
  }

  /** Adds the examples of another, which has the same seed, samples and statistics. */
  public Bootstrap merge(Bootstrap other) {
    for (int sample = 0; sample < sums.length; sample++) {
      for (int i = 0; i < sums[sample].length; i++) {
        sums[sample][i] += other.sums[sample][i];
      }
    }
    return this;
  }

  /**
   * Returns the interval in which a metric lies in most of the samples: the percentile interval.
   *
   * @param metric the metric as a function of the sums
   * @param level the share of the samples, such as 0.95
   */
  public Interval interval(SummedMetric.Formula metric, double level) {
    return Interval.ofMiddle(Arrays.stream(sums).mapToDouble(metric::of).toArray(), level);
  }

  private static int poisson(double uniform) {
    int times = 0;
    while (times < CUMULATIVE.length && uniform >= CUMULATIVE[times]) {
      times++;
    }
    return times;
  }

  private static double[] cumulative(int terms) {
    double[] cumulative = new double[terms];
    double term = Math.exp(-1);
    double sum = 0;
    for (int i = 0; i < terms; i++) {
      sum += term;
      cumulative[i] = sum;
      term /= i + 1;
    }
    return cumulative;
  }
}
