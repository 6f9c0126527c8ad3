package org.ofaspark.jobs.bench;

import static org.apache.spark.sql.functions.abs;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.pow;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.xxhash64;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.JobCommand;
import org.ofaspark.jobs.bench.TaskBytes.Sums;
import org.ofaspark.jobs.ranking.OrderStatistic;
import org.ofaspark.jobs.ranking.RankingTable;
import org.ofaspark.jobs.ranking.ScoredExample;
import org.ofaspark.jobs.table.ExampleTable;

/** The threshold of an example ranking, by selection and by sorting. */
final class SelectionBenchmark implements Benchmark {

  private static final long SCORES = 10_000_000;
  private static final long FEWER_SCORES = 1_000_000;
  private static final double RATIO = 0.05;

  @Override
  public String name() {
    return "selection";
  }

  @Override
  public String description() {
    return "the example at 5% of 10 million scores: distributed selection, and orderBy with limit";
  }

  @Override
  public int warmUps() {
    return 1;
  }

  /** A way to find the threshold. */
  private record Way(String name, Supplier<ScoredExample> work) {}

  @Override
  public void run(Stopwatch stopwatch, Consumer<Measurement> report) throws IOException {
    var bytes = new TaskBytes();
    List<String> groups = new ArrayList<>();
    try (SparkSession spark =
        JobCommand.session("ofa-bench").config("spark.task.cpus", 1).getOrCreate()) {
      spark.sparkContext().addSparkListener(bytes);
      for (long count : new long[] {SCORES, FEWER_SCORES}) {
        Dataset<Row> scores = scores(spark, count).persist();
        long unused = scores.count(); // made before the first round
        List<Way> ways = ways(scores, count);
        requireSame(ways);
        for (Way way : ways) {
          String group = Text.format("%s, %,d scores", way.name(), count);
          spark.sparkContext().setJobGroup(group, group, false);
          ScoredExample ignored = way.work().get();
          groups.add(group);
        }
        if (count == SCORES) {
          time(ways, stopwatch, report);
        }
        scores.unpersist();
      }
    } // and with the session its listeners end, which have heard of everything by then
    for (String group : groups) {
      Sums sums = bytes.of(group);
      report.accept(exactly(group + ", shuffled", sums.shuffled()));
      report.accept(exactly(group + ", to the driver", sums.toDriver()));
    }
  }

  private static Dataset<Row> scores(SparkSession spark, long count) {
    var share = abs(xxhash64(col("id"))).divide(lit((double) Long.MAX_VALUE));
    return spark
        .range(count)
        .select(
            pow(share, lit(2)).multiply(lit(8)).as(RankingTable.SCORE),
            concat(lit("train-caption-"), col("id")).as(ExampleTable.EXAMPLE_ID));
  }

  private static List<Way> ways(Dataset<Row> scores, long count) {
    long k = (long) (RATIO * count);
    return List.of(
        new Way("selection", () -> new OrderStatistic().select(scores, count, k)),
        new Way("orderBy + limit", () -> sorted(scores, (int) k)));
  }

  private static ScoredExample sorted(Dataset<Row> scores, int k) {
    var order = new String[] {RankingTable.SCORE, ExampleTable.EXAMPLE_ID};
    Row last =
        scores
            .orderBy(col(order[0]), col(order[1]))
            .limit(k)
            .agg(max(struct(col(order[0]), col(order[1]))))
            .first()
            .getStruct(0);
    return new ScoredExample(last.getDouble(0), last.getString(1));
  }

  private static void requireSame(List<Way> ways) {
    ScoredExample one = ways.get(0).work().get();
    ScoredExample other = ways.get(1).work().get();
    if (!one.equals(other)) {
      throw new IllegalStateException(
          Text.format(
              "%s: %s (expected: %s, as %s)", ways.get(0).name(), one, other, ways.get(1).name()));
    }
  }

  private static void time(List<Way> ways, Stopwatch stopwatch, Consumer<Measurement> report) {
    List<Runnable> works = new ArrayList<>();
    for (Way way : ways) {
      works.add(
          () -> {
            ScoredExample unused = way.work().get();
          });
    }
    List<Rounds> rounds = stopwatch.timeInTurns(() -> {}, works);
    for (int i = 0; i < ways.size(); i++) {
      report.accept(
          rounds
              .get(i)
              .duration(Text.format("%s, %,d scores", ways.get(i).name(), SCORES), "s", 1));
    }
    Rounds selection = rounds.get(0);
    Rounds sorting = rounds.get(1);
    report.accept(
        new Measurement(
            "selection's speed to that of orderBy + limit",
            "ratio",
            sorting.median() / selection.median(),
            sorting.best() / selection.best(),
            selection.seconds().size()));
  }

  private static Measurement exactly(String what, long bytes) {
    return new Measurement(what, "bytes", bytes, bytes, 1);
  }
}
