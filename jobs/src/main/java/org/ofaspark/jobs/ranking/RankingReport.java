package org.ofaspark.jobs.ranking;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.floor;
import static org.apache.spark.sql.functions.least;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.ofaspark.criterion.EncouragingLoss;
import org.ofaspark.criterion.LossSums;
import org.ofaspark.jobs.ranking.RankingSummary.Bin;
import org.ofaspark.jobs.ranking.RankingSummary.Bonus;
import org.ofaspark.jobs.ranking.RankingSummary.Sample;
import org.ofaspark.jobs.ranking.RankingSummary.Source;
import org.ofaspark.jobs.table.ExampleTable;

/** Sums up the table of a ranking, in a few passes over it. Driver. */
final class RankingReport {

  private static final double[] QUANTILES = {0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1};
  private static final int BINS = 20;
  private static final int SAMPLES = 20;
  private static final int MAX_NOT_FINITE = 100;

  private final Dataset<Row> table;
  private final Dataset<Row> ranked;
  private final Dataset<Row> examples;

  /**
   * Prepares a report.
   *
   * @param table rows of {@link RankingTable}
   * @param examples the examples that are ranked
   */
  RankingReport(Dataset<Row> table, Dataset<Row> examples) {
    this.table = table;
    this.ranked = table.filter(col(RankingTable.RANK).isNotNull());
    this.examples = examples;
  }

  RankingSummary summary(Source source, double scoringSeconds, double seconds) {
    Row all = sums();
    long count = all.<Long>getAs("examples");
    long best = all.<Long>getAs(RankingTable.DROP_BEST);
    long worst = all.<Long>getAs(RankingTable.DROP_WORST);
    long notFinite = all.<Long>getAs(RankingTable.NOT_FINITE);
    long ranks = count - notFinite;
    Map<Long, Sample> samples = ranks == 0 ? Map.of() : samples(ranks);
    return new RankingSummary(
        source,
        count,
        best,
        worst,
        count - best - worst,
        notFinite,
        notFinite == 0 ? List.of() : notFinite(),
        ranks == 0 ? null : bonus(all),
        quantiles(ranks, samples),
        ranks == 0 ? List.of() : histogram(all.<Double>getAs("min"), all.<Double>getAs("max")),
        between(1, SAMPLES, samples),
        reversed(between(ranks - SAMPLES + 1, ranks, samples)),
        scoringSeconds,
        seconds);
  }

  private Row sums() {
    Column score = when(col(RankingTable.RANK).isNotNull(), col(RankingTable.SCORE));
    return table
        .agg(
            count(lit(1)).as("examples"),
            countOf(RankingTable.DROP_BEST),
            countOf(RankingTable.DROP_WORST),
            countOf(RankingTable.NOT_FINITE),
            min(score).as("min"),
            max(score).as("max"),
            overTokens(lit(1.0)).as("tokens"),
            overTokens(col("past_log_end")).as("past_log_end"),
            overTokens(col("nll_gradient")).as("nll_gradient"),
            overTokens(col("bonus_gradient")).as("bonus_gradient"),
            overTokens(col("margin")).as("margin"))
        .first();
  }

  private static Column countOf(String reason) {
    return count(when(col(RankingTable.REASON).equalTo(reason), lit(1))).as(reason);
  }

  /** Sums what is a mean over an example's tokens over the tokens of all ranked examples. */
  private static Column overTokens(Column mean) {
    return sum(when(col(RankingTable.RANK).isNotNull(), mean.multiply(col("tokens"))));
  }

  private static Bonus bonus(Row sums) {
    Map<String, Double> byName = new HashMap<>();
    EncouragingLoss.SUMS.forEach(name -> byName.put(name, sums.getAs(name)));
    byName.compute(EncouragingLoss.TOKENS, RankingReport::whole);
    byName.compute(EncouragingLoss.PAST_LOG_END, RankingReport::whole);
    var all = new LossSums(byName);
    return new Bonus(
        EncouragingLoss.PAST_LOG_END_SHARE.of(all),
        EncouragingLoss.BONUS_GRADIENT_SHARE.of(all),
        EncouragingLoss.MEAN_MARGIN.of(all));
  }

  /** A count that was a mean and is a sum again. */
  private static double whole(String name, Double count) {
    return Math.round(count);
  }

  private List<String> notFinite() {
    return table
        .filter(col(RankingTable.RANK).isNull())
        .select(ExampleTable.EXAMPLE_ID)
        .orderBy(ExampleTable.EXAMPLE_ID)
        .limit(MAX_NOT_FINITE)
        .collectAsList()
        .stream()
        .map(row -> row.getString(0))
        .toList();
  }

  /** Returns the examples at both ends and at the quantiles, by rank. */
  private Map<Long, Sample> samples(long ranks) {
    Column rank = col(RankingTable.RANK);
    Dataset<Row> places =
        ranked
            .filter(
                rank.leq(SAMPLES)
                    .or(rank.gt(ranks - SAMPLES))
                    .or(rank.isin(places(ranks).values().toArray())))
            .select(ExampleTable.EXAMPLE_ID, RankingTable.SCORE, RankingTable.RANK);
    Map<Long, Sample> samples = new TreeMap<>();
    examples
        .select(ExampleTable.EXAMPLE_ID, ExampleTable.TEXT)
        .join(broadcast(places), ExampleTable.EXAMPLE_ID)
        .collectAsList()
        .forEach(
            row ->
                samples.put(
                    row.<Long>getAs(RankingTable.RANK),
                    new Sample(
                        row.<String>getAs(ExampleTable.EXAMPLE_ID),
                        row.<Double>getAs(RankingTable.SCORE),
                        row.<Long>getAs(RankingTable.RANK),
                        row.<String>getAs(ExampleTable.TEXT))));
    return samples;
  }

  /** Returns the rank of each quantile. */
  private static Map<Double, Long> places(long ranks) {
    Map<Double, Long> places = new TreeMap<>();
    for (double share : QUANTILES) {
      places.put(share, Math.max(1, (long) Math.ceil(share * ranks)));
    }
    return places;
  }

  private static Map<Double, Double> quantiles(long ranks, Map<Long, Sample> samples) {
    Map<Double, Double> quantiles = new TreeMap<>();
    if (ranks > 0) {
      places(ranks)
          .forEach(
              (share, place) ->
                  quantiles.put(share, Objects.requireNonNull(samples.get(place)).score()));
    }
    return quantiles;
  }

  private static List<Sample> between(long from, long to, Map<Long, Sample> samples) {
    Collection<Sample> all = samples.values();
    return all.stream().filter(sample -> sample.rank() >= from && sample.rank() <= to).toList();
  }

  private static List<Sample> reversed(List<Sample> samples) {
    List<Sample> reversed = new ArrayList<>(samples);
    Collections.reverse(reversed);
    return reversed;
  }

  private List<Bin> histogram(double smallest, double largest) {
    if (smallest == largest) {
      return List.of(new Bin(smallest, largest, ranked.count()));
    }
    double width = (largest - smallest) / BINS;
    Column place = floor(col(RankingTable.SCORE).minus(smallest).divide(width)).cast("int");
    long[] counts = new long[BINS];
    ranked
        .groupBy(least(place, lit(BINS - 1)))
        .agg(sum(lit(1L)))
        .collectAsList()
        .forEach(row -> counts[row.getInt(0)] = row.getLong(1));
    List<Bin> bins = new ArrayList<>();
    for (int i = 0; i < BINS; i++) {
      double to = i == BINS - 1 ? largest : smallest + (i + 1) * width;
      bins.add(new Bin(smallest + i * width, to, counts[i]));
    }
    return bins;
  }
}
