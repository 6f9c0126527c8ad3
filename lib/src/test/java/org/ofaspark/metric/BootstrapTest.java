package org.ofaspark.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BootstrapTest {

  private static final int EXAMPLES = 400;
  private static final SummedMetric.Formula MEAN = sums -> sums[1] / sums[0];

  /** Scores of examples, about normally distributed around 3 with a standard deviation of 2. */
  private static final double[] SCORES =
      new Random(5).doubles(EXAMPLES, -1, 1).map(u -> 3 + 2 * Math.sqrt(3) * u).toArray();

  private static Bootstrap bootstrap(int samples, IntStream examples) {
    var bootstrap = new Bootstrap(7, samples, 2);
    examples.forEach(i -> bootstrap.add("example " + i, new double[] {1, SCORES[i]}));
    return bootstrap;
  }

  @Test
  void intervalOfAMeanIsThatOfTheNormalDistribution() {
    Interval interval = bootstrap(4000, IntStream.range(0, EXAMPLES)).interval(MEAN, 0.95);

    double mean = IntStream.range(0, EXAMPLES).mapToDouble(i -> SCORES[i]).average().orElseThrow();
    double variance =
        IntStream.range(0, EXAMPLES)
            .mapToDouble(i -> (SCORES[i] - mean) * (SCORES[i] - mean))
            .average()
            .orElseThrow();
    double half = 1.96 * Math.sqrt(variance / EXAMPLES);
    // The ends of an interval from 4000 samples scatter by 3 % of its length or so.
    assertThat(interval.low()).isCloseTo(mean - half, within(0.08 * half));
    assertThat(interval.high()).isCloseTo(mean + half, within(0.08 * half));
  }

  @Test
  void intervalDoesNotDependOnHowExamplesAreDivided() {
    Interval whole = bootstrap(500, IntStream.range(0, EXAMPLES)).interval(MEAN, 0.9);
    Interval merged =
        bootstrap(500, IntStream.range(300, EXAMPLES))
            .merge(bootstrap(500, IntStream.range(0, 100)))
            .merge(bootstrap(500, IntStream.range(100, 300)))
            .interval(MEAN, 0.9);

    assertThat(merged.low()).isCloseTo(whole.low(), within(1e-12));
    assertThat(merged.high()).isCloseTo(whole.high(), within(1e-12));
  }

  @Test
  void otherSeedsDrawOtherSamples() {
    Interval one = new Bootstrap(1, 50, 2).add("a", new double[] {1, 2}).interval(s -> s[0], 1);
    var counts =
        IntStream.range(0, 20)
            .mapToObj(seed -> new Bootstrap(seed, 3, 1).add("a", new double[] {1}))
            .map(bootstrap -> bootstrap.interval(sums -> sums[0], 0))
            .distinct();

    assertThat(one.low()).isZero();
    assertThat(one.high()).isBetween(2.0, 6.0);
    assertThat(counts).hasSizeGreaterThan(2);
  }

  @Test
  void samplesWithoutAnExampleDoNotCount() {
    // A third of the samples of one example are empty, and have no mean.
    var bootstrap = new Bootstrap(1, 1000, 2).add("a", new double[] {1, 4});
    assertThat(bootstrap.interval(MEAN, 0.95)).isEqualTo(new Interval(4, 4));
    assertThat(new Bootstrap(1, 5, 2).interval(MEAN, 0.95))
        .isEqualTo(new Interval(Double.NaN, Double.NaN));
  }

  @Test
  void intervalIsInterpolatedBetweenValues() {
    double[] values = {4, 0, 1, Double.NaN, 3, 2};
    assertThat(Interval.ofMiddle(values, 0.5)).isEqualTo(new Interval(1, 3));
    assertThat(Interval.ofMiddle(values, 0.75)).isEqualTo(new Interval(0.5, 3.5));
  }

  @Test
  void noSamplesAreRefused() {
    assertThatThrownBy(() -> new Bootstrap(1, 0, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("samples: 0 (expected: >= 1)");
  }
}
