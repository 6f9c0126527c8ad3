package org.ofaspark.jobs.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ExactSumsTest {

  /** Sums numbers in groups, and the groups in an order of their own. */
  private static double[] sum(List<double[]> rows, int groupSize, Random order) {
    List<ExactSums> groups = new ArrayList<>();
    for (int from = 0; from < rows.size(); from += groupSize) {
      var group = new ExactSums(2);
      rows.subList(from, Math.min(rows.size(), from + groupSize)).forEach(group::add);
      groups.add(group);
    }
    Collections.shuffle(groups, order);
    return groups.stream().reduce(new ExactSums(2), ExactSums::merge).values();
  }

  @Test
  void sumsAreTheSameInAnyOrderAndGrouping() {
    var random = new Random(1);
    List<double[]> rows = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      rows.add(new double[] {Math.exp(20 * random.nextGaussian()), 1 / 3.0});
    }
    double[] expected = sum(rows, rows.size(), random);
    for (int groupSize : new int[] {1, 7, 100}) {
      Collections.shuffle(rows, random);
      assertThat(sum(rows, groupSize, random)).containsExactly(expected);
    }
    assertThat(expected[1]).isEqualTo(1000 / 3.0);
  }

  @Test
  void whatIsNotFiniteStays() {
    var sums = new ExactSums(3);
    sums.add(new double[] {1, Double.NaN, Double.POSITIVE_INFINITY});
    sums.add(new double[] {2, 1, 1});
    sums = new ExactSums(3).merge(sums);

    assertThat(sums.values()).containsExactly(3, Double.NaN, Double.POSITIVE_INFINITY);
  }
}
