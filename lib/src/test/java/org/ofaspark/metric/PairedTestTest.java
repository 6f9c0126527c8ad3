package org.ofaspark.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PairedTestTest {

  private static final SummedMetric.Formula MEAN = sums -> sums[1] / sums[0];
  private static final double[] ONE = {2.1, 3.4, 0.7, 5.0, 1.1, 2.2, 3.3, 0.2, 4.1, 1.9};
  private static final double[] OTHER = {2.6, 3.1, 1.6, 5.4, 1.0, 3.2, 3.9, 0.9, 4.0, 2.6};

  private static PairedTest test(int shuffles, IntStream examples) {
    var test = new PairedTest(3, shuffles, 2);
    examples.forEach(
        i -> test.add("example " + i, new double[] {1, ONE[i]}, new double[] {1, OTHER[i]}));
    return test;
  }

  @Test
  void pValueIsThatOfAllShuffles() {
    int reached = 0;
    double found = difference(0);
    for (int swapped = 0; swapped < 1 << ONE.length; swapped++) {
      reached += Math.abs(difference(swapped)) >= Math.abs(found) - 1e-12 ? 1 : 0;
    }
    double exact = reached / (double) (1 << ONE.length);

    int shuffles = 40_000;
    double pValue = test(shuffles, IntStream.range(0, ONE.length)).pValue(MEAN);

    assertThat(exact).isBetween(0.01, 0.1); // else the test would say little
    assertThat(pValue).isCloseTo(exact, within(4 * Math.sqrt(exact / shuffles)));
  }

  /** Returns the sum of differences with the two sides of some examples swapped. */
  private static double difference(int swapped) {
    double sum = 0;
    for (int i = 0; i < ONE.length; i++) {
      double difference = OTHER[i] - ONE[i];
      sum += (swapped >> i & 1) == 1 ? -difference : difference;
    }
    return sum;
  }

  @Test
  void runsThatAnswerAlikeDoNotDiffer() {
    var test = new PairedTest(1, 100, 2);
    IntStream.range(0, 10)
        .forEach(i -> test.add("e" + i, new double[] {1, i}, new double[] {1, i}));

    assertThat(test.pValue(MEAN)).isEqualTo(1);
    assertThat(test.first(MEAN)).isEqualTo(test.second(MEAN)).isEqualTo(4.5);
  }

  @Test
  void runThatIsBetterEverywhereDiffers() {
    var test = new PairedTest(1, 999, 2);
    IntStream.range(0, 50)
        .forEach(i -> test.add("e" + i, new double[] {1, i}, new double[] {1, i + 1}));

    assertThat(test.pValue(MEAN)).isCloseTo(1 / 1000.0, within(1e-12));
  }

  @Test
  void mergedTestsKnowTheExamplesOfBoth() {
    double whole = test(500, IntStream.range(0, 10)).pValue(MEAN);
    double merged =
        test(500, IntStream.range(4, 10)).merge(test(500, IntStream.range(0, 4))).pValue(MEAN);

    assertThat(merged).isEqualTo(whole);
  }

  @Test
  void noShufflesAreRefused() {
    assertThatThrownBy(() -> new PairedTest(1, 0, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("shuffles: 0 (expected: >= 1)");
  }
}
