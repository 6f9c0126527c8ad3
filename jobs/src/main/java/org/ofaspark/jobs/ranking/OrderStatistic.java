package org.ofaspark.jobs.ranking;

import java.util.Collections;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;

/**
 * The k-th of scored examples in their total order, exact, without sorting them.
 *
 * <p>Some examples serve as pivots: all candidates are counted by the pivots that they lie between,
 * on the executors, and those around the k-th are the candidates of the next pass, until they are
 * few enough to be sorted on the driver. Each pass divides the candidates by about the number of
 * pivots, so a million examples take two or three. Which examples are pivots decides how many
 * passes there are, and nothing else: the result depends on the examples alone. Equal scores need
 * no care, as ids make every example different. Driver.
 */
final class OrderStatistic {

  private static final int PIVOTS = 1000;
  private static final int SORTED_ON_DRIVER = 10_000;
  private static final long SEED = 1;

  private final int pivots;
  private final int sortedOnDriver;

  /**
   * Prepares selections.
   *
   * @param pivots how many pivots a pass has, at least 2
   * @param sortedOnDriver up to how many candidates are sorted on the driver, at least 1
   */
  OrderStatistic(int pivots, int sortedOnDriver) {
    this.pivots = pivots;
    this.sortedOnDriver = sortedOnDriver;
  }

  OrderStatistic() {
    this(PIVOTS, SORTED_ON_DRIVER);
  }

  /**
   * Selects an example.
   *
   * @param examples read several times: keep them, unless they are cheap
   * @param count how many there are
   * @param k from 1 to count
   * @throws IllegalArgumentException if an example is there twice
   */
  ScoredExample select(JavaRDD<ScoredExample> examples, long count, long k) {
    JavaRDD<ScoredExample> candidates = examples;
    long size = count;
    long rank = k;
    while (size > sortedOnDriver) {
      List<ScoredExample> bounds =
          candidates.takeSample(false, pivots, SEED).stream().sorted().distinct().toList();
      long[] counts = countBetween(candidates, bounds);
      int bucket = 0;
      while (rank > counts[bucket]) {
        rank -= counts[bucket++];
      }
      if (counts[bucket] == size) { // pivots that differ are never all in one bucket
        throw new IllegalArgumentException(
            "example_id: %s is there more than once (expected: an id for each example)"
                .formatted(bounds.get(0).exampleId()));
      }
      int chosen = bucket;
      candidates = candidates.filter(example -> bucketOf(example, bounds) == chosen);
      size = counts[bucket];
    }
    return candidates.collect().stream().sorted().toList().get((int) rank - 1);
  }

  private static long[] countBetween(JavaRDD<ScoredExample> examples, List<ScoredExample> bounds) {
    return examples.treeAggregate(
        new long[bounds.size() + 1],
        (counts, example) -> {
          counts[bucketOf(example, bounds)]++;
          return counts;
        },
        (counts, others) -> {
          for (int i = 0; i < counts.length; i++) {
            counts[i] += others[i];
          }
          return counts;
        });
  }

  /** Returns how many of the sorted bounds are not above an example. */
  private static int bucketOf(ScoredExample example, List<ScoredExample> bounds) {
    int place = Collections.binarySearch(bounds, example);
    return place >= 0 ? place + 1 : -(place + 1);
  }
}
