package org.ofaspark.jobs.ranking;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.when;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.table.ExampleTable;

/**
 * The k-th of scored examples in their total order, exact, without sorting or moving them.
 *
 * <p>A sample of the scores tells between which two of them the k-th must be; all are counted
 * against these two on the executors, and those between are the candidates of the next pass, until
 * they are few enough to be sorted on the driver (Floyd and Rivest, Expected time bounds for
 * selection, 1975). Passes look at scores alone, which are read and compared several times as fast
 * as ids, as long as scores tell the candidates apart; then, for ties, at score and id. What is in
 * the sample decides how many passes there are, and nothing else: the result depends on the
 * examples alone. What the driver holds does not grow with their number. Driver.
 */
public final class OrderStatistic {

  private static final int SAMPLE = 40_000;
  private static final int SORTED_ON_DRIVER = 100_000;

  /** Most examples that all are compared with where ids decide. */
  private static final int PIVOTS = 4000;

  private static final long SEED = 1;

  /** Half the width of the bracket, in standard deviations of the k-th's place in the sample. */
  private static final double DEVIATIONS = 4;

  private final int sample;
  private final int sortedOnDriver;

  /**
   * Prepares selections.
   *
   * @param sample about how many candidates a pass draws, at least 2
   * @param sortedOnDriver up to how many candidates are sorted on the driver, at least 1
   */
  OrderStatistic(int sample, int sortedOnDriver) {
    this.sample = sample;
    this.sortedOnDriver = sortedOnDriver;
  }

  /** Prepares selections among many examples. */
  public OrderStatistic() {
    this(SAMPLE, SORTED_ON_DRIVER);
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
    var candidates = new Candidates(examples, count, k);
    while (candidates.size() > sortedOnDriver) {
      double[] some = someScores(candidates);
      Candidates fewer = some.length == 0 ? candidates : candidates.around(some);
      if (fewer.size() > candidates.size() / 2) { // many scores are the same
        return selectWithIds(scored(fewer.rows()), fewer.size(), fewer.place());
      }
      candidates = fewer;
    }
    return sorted(scored(candidates.rows())).get((int) candidates.place() - 1);
  }

  /** Returns the scores of some candidates, ascending. */
  private double[] someScores(Candidates candidates) {
    double share = Math.min(1, (double) sample / candidates.size());
    return candidates
        .rows()
        .select(RankingTable.SCORE)
        .sample(false, share, SEED)
        .collectAsList()
        .stream()
        .mapToDouble(row -> row.getDouble(0))
        .sorted()
        .toArray();
  }

  /**
   * Rows among which the wanted one is.
   *
   * @param rows with scores and ids
   * @param size how many
   * @param place of the wanted one in their order, from 1
   */
  private record Candidates(Dataset<Row> rows, long size, long place) {

    /** Returns the rows on the side of two scores of a sample, or between, where the place is. */
    Candidates around(double[] some) {
      double share = (double) place / size;
      double middle = share * some.length;
      double width = DEVIATIONS * Math.sqrt(middle * (1 - share)) + 1;
      double low = some[(int) Math.max(0, middle - width)];
      double high = some[(int) Math.min(some.length - 1, middle + width)];
      Column isBelow = col(RankingTable.SCORE).lt(low);
      Column isAbove = col(RankingTable.SCORE).gt(high);
      Row counts = rows.agg(count(when(isBelow, 1)), count(when(isAbove, 1))).first();
      long below = counts.getLong(0);
      long above = counts.getLong(1);
      if (place <= below) {
        return new Candidates(rows.filter(isBelow), below, place);
      }
      if (place > size - above) {
        return new Candidates(rows.filter(isAbove), above, place - (size - above));
      }
      return new Candidates(
          rows.filter(not(isBelow).and(not(isAbove))), size - below - above, place - below);
    }
  }

  private ScoredExample selectWithIds(JavaRDD<ScoredExample> examples, long count, long k) {
    JavaRDD<ScoredExample> kept = examples.persist(StorageLevel.MEMORY_AND_DISK());
    try {
      JavaRDD<ScoredExample> candidates = kept;
      long size = count;
      long place = k;
      while (size > sortedOnDriver) {
        List<ScoredExample> bounds =
            candidates.takeSample(false, Math.min(sample, PIVOTS), SEED).stream()
                .sorted()
                .distinct()
                .toList();
        long[] counts = countBetween(candidates, bounds);
        int bucket = bucketOfPlace(counts, place);
        if (counts[bucket] == size) { // pivots that differ are never all in one bucket
          throw new IllegalArgumentException(
              Text.format(
                  "example_id: %s is there more than once (expected: an id for each example)",
                  bounds.get(0).exampleId()));
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
