package org.ofaspark.jobs.ranking;

import static org.apache.spark.sql.functions.col;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;
import org.ofaspark.jobs.table.ExampleTable;

/**
 * The k-th of scored examples in their total order, exact, without sorting or moving them.
 *
 * <p>Some examples serve as pivots: all candidates are counted by the pivots that they lie between,
 * on the executors, and those around the k-th are the candidates of the next pass, until they are
 * few enough to be sorted on the driver. Each pass divides the candidates by about the number of
 * pivots. Passes look at scores alone, which are read and compared several times as fast as ids, as
 * long as scores tell the candidates apart; then, for ties, at score and id. Which examples are
 * pivots decides how many passes there are, and nothing else: the result depends on the examples
 * alone. What the driver holds does not grow with their number. Driver.
 */
public final class OrderStatistic {

  private static final int PIVOTS = 4000;
  private static final int SORTED_ON_DRIVER = 20_000;
  private static final long SEED = 1;

  private final int pivots;
  private final int sortedOnDriver;

  /**
   * Prepares selections.
   *
   * @param pivots about how many pivots a pass has, at least 2
   * @param sortedOnDriver up to how many candidates are sorted on the driver, at least 1
   */
  OrderStatistic(int pivots, int sortedOnDriver) {
    this.pivots = pivots;
    this.sortedOnDriver = sortedOnDriver;
  }

  /** Prepares selections among many examples. */
  public OrderStatistic() {
    this(PIVOTS, SORTED_ON_DRIVER);
  }

  /**
   * Selects an example.
   *
   * @param examples rows with the columns score, finite, and example_id; read several times: keep
   *     them, unless they are cheap
   * @param count how many there are
   * @param k from 1 to count
   * @throws IllegalArgumentException if an example is there twice
   */
  public ScoredExample select(Dataset<Row> examples, long count, long k) {
    Dataset<Row> candidates = examples;
    long size = count;
    long place = k;
    while (size > sortedOnDriver) {
      double[] bounds = someScores(candidates, size);
      long[] counts = countBetween(candidates, bounds);
      int bucket = bucketOfPlace(counts, place);
      if (counts[bucket] > size / 2) {
        return selectWithIds(scored(candidates), size, place); // many scores are the same
      }
      place -= Arrays.stream(counts, 0, bucket).sum();
      size = counts[bucket];
      candidates = candidates.filter(isInBucket(bounds, bucket));
    }
    return sorted(scored(candidates)).get((int) place - 1);
  }

  /** Returns scores of about as many candidates as there are pivots, each once, ascending. */
  private double[] someScores(Dataset<Row> candidates, long size) {
    List<Row> rows =
        candidates
            .select(RankingTable.SCORE)
            .sample(false, Math.min(1.0, (double) pivots / size), SEED)
            .collectAsList();
    return rows.stream().mapToDouble(row -> row.getDouble(0)).sorted().distinct().toArray();
  }

  private static long[] countBetween(Dataset<Row> candidates, double[] bounds) {
    return candidates
        .select(RankingTable.SCORE)
        .as(Encoders.DOUBLE())
        .javaRDD()
        .treeAggregate(
            new long[bounds.length + 1],
            (counts, score) -> {
              counts[bucket(Arrays.binarySearch(bounds, score))]++;
              return counts;
            },
            ADD);
  }

  private static Column isInBucket(double[] bounds, int bucket) {
    Column score = col(RankingTable.SCORE);
    if (bucket == 0) {
      return score.lt(bounds[0]);
    }
    Column isAbove = score.geq(bounds[bucket - 1]);
    return bucket == bounds.length ? isAbove : isAbove.and(score.lt(bounds[bucket]));
  }

  private ScoredExample selectWithIds(JavaRDD<ScoredExample> examples, long count, long k) {
    JavaRDD<ScoredExample> kept = examples.persist(StorageLevel.MEMORY_AND_DISK());
    try {
      JavaRDD<ScoredExample> candidates = kept;
      long size = count;
      long place = k;
      while (size > sortedOnDriver) {
        List<ScoredExample> bounds =
            candidates.takeSample(false, pivots, SEED).stream().sorted().distinct().toList();
        long[] counts = countBetween(candidates, bounds);
        int bucket = bucketOfPlace(counts, place);
        if (counts[bucket] == size) { // pivots that differ are never all in one bucket
          throw new IllegalArgumentException(
              "example_id: %s is there more than once (expected: an id for each example)"
                  .formatted(bounds.get(0).exampleId()));
        }
        place -= Arrays.stream(counts, 0, bucket).sum();
        size = counts[bucket];
        candidates =
            candidates.filter(
                example -> bucket(Collections.binarySearch(bounds, example)) == bucket);
      }
      return sorted(candidates).get((int) place - 1);
    } finally {
      kept.unpersist();
    }
  }

  private static long[] countBetween(JavaRDD<ScoredExample> examples, List<ScoredExample> bounds) {
    return examples.treeAggregate(
        new long[bounds.size() + 1],
        (counts, example) -> {
          counts[bucket(Collections.binarySearch(bounds, example))]++;
          return counts;
        },
        ADD);
  }

  private static final Function2<long[], long[], long[]> ADD =
      (counts, others) -> {
        for (int i = 0; i < counts.length; i++) {
          counts[i] += others[i];
        }
        return counts;
      };

  /** Returns how many of the sorted bounds are not above what a binary search has looked for. */
  private static int bucket(int found) {
    return found >= 0 ? found + 1 : -(found + 1);
  }

  private static int bucketOfPlace(long[] counts, long place) {
    int bucket = 0;
    for (long rest = place; rest > counts[bucket]; bucket++) {
      rest -= counts[bucket];
    }
    return bucket;
  }

  private static JavaRDD<ScoredExample> scored(Dataset<Row> rows) {
    return rows.select(RankingTable.SCORE, ExampleTable.EXAMPLE_ID)
        .javaRDD()
        .map(row -> new ScoredExample(row.getDouble(0), row.getString(1)));
  }

  private static List<ScoredExample> sorted(JavaRDD<ScoredExample> examples) {
    return examples.collect().stream().sorted().toList();
  }
}
