package org.ofaspark.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EpochOrderTest {

  private static final List<String> IDS =
      IntStream.range(0, 10_000).mapToObj(String::valueOf).toList();

  private static List<String> order(long seed, int epoch, List<String> ids) {
    List<String> order = new ArrayList<>(ids);
    order.sort(
        Comparator.comparingLong((String id) -> EpochOrder.key(seed, epoch, id))
            .thenComparing(Comparator.naturalOrder()));
    return order;
  }

  /** A run that goes on under a new version of the program must find the same order. */
  @ParameterizedTest
  @CsvSource({
    "7, 1, a, -2819005092574730034",
    "7, 2, a, -604429355856638533",
    "7, 1, é, 6924082701169395617"
  })
  void keysStayAsTheyAre(long seed, int epoch, String id, long key) {
    assertThat(EpochOrder.key(seed, epoch, id)).isEqualTo(key);
  }

  @Test
  void orderDoesNotDependOnWhereExamplesAreRead() {
    List<String> shuffled = new ArrayList<>(IDS);
    Collections.shuffle(shuffled, new Random(4));
    assertThat(order(7, 1, shuffled)).isEqualTo(order(7, 1, IDS)).doesNotHaveDuplicates();
  }

  @Test
  void epochsAndSeedsHaveOrdersOfTheirOwn() {
    List<String> order = order(7, 1, IDS);
    for (List<String> other : List.of(order(7, 2, IDS), order(8, 1, IDS), order(6, 2, IDS), IDS)) {
      assertThat(agreements(order, other)).isLessThan(10); // 1 is expected of a random order
    }
  }

  private static long agreements(List<String> order, List<String> other) {
    return IntStream.range(0, order.size()).filter(i -> order.get(i).equals(other.get(i))).count();
  }

  @Test
  void neighborsInTheFileAreSpreadOverTheEpoch() {
    List<String> order = order(7, 1, IDS);
    for (int part = 0; part < 10; part++) {
      long fromTheFirstHalf =
          order.subList(part * 1000, (part + 1) * 1000).stream()
              .filter(id -> Integer.parseInt(id) < IDS.size() / 2)
              .count();
      // 5 deviations of a hypergeometric count of 1000 out of 10,000
      assertThat((double) fromTheFirstHalf).isCloseTo(500, within(75.0));
    }
  }
}
