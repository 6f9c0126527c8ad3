package org.ofaspark.jobs.ranking;

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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.ofaspark.criterion.BonusSums;
import org.ofaspark.jobs.ranking.RankingSummary.Bin;
import org.ofaspark.jobs.ranking.RankingSummary.Bonus;
import org.ofaspark.jobs.ranking.RankingSummary.Sample;
import org.ofaspark.jobs.ranking.RankingSummary.Source;
import org.ofaspark.jobs.table.ExampleTable;

/** Sums up the table of a ranking. Driver. */
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

  RankingSummary summary(Source source, double seconds) {
    Row counts =
        table
            .agg(
                count(lit(1)),
                countOf(RankingTable.DROP_BEST),
                countOf(RankingTable.DROP_WORST),
                countOf(RankingTable.NOT_FINITE),
                min(when(col(RankingTable.RANK).isNotNull(), col(RankingTable.SCORE))),
                max(when(col(RankingTable.RANK).isNotNull(), col(RankingTable.SCORE))))
            .first();
    long all = counts.getLong(0);
    long ranks = all - counts.getLong(3);
    return new RankingSummary(
        source,
        all,
        counts.getLong(1),
        counts.getLong(2),
        all - counts.getLong(1) - counts.getLong(2),
        counts.getLong(3),
        notFinite(),
        ranks == 0 ? null : bonus(),
        ranks == 0 ? Map.of() : quantiles(ranks),
        ranks == 0 ? List.of() : histogram(counts.getDouble(4), counts.getDouble(5)),
        samples(ranked.orderBy(col(RankingTable.RANK))),
        samples(ranked.orderBy(col(RankingTable.RANK).desc())),
        seconds);
  }

  private static Column countOf(String reason) {
    return count(when(col(RankingTable.REASON).equalTo(reason), lit(1)));
  }

  private Bonus bonus() {
    Row sums =
        ranked
            .agg(
                sum("tokens"),
                sumOverTokens("past_log_end"),
                sumOverTokens("nll_gradient"),
                sumOverTokens("bonus_gradient"),
                sumOverTokens("margin"))
            .first();
    var bonus =
        new BonusSums(
            sums.getLong(0),
            Math.round(sums.getDouble(1)),
            sums.getDouble(2),
            sums.getDouble(3),
            sums.getDouble(4));
    return new Bonus(bonus.pastLogEndShare(), bonus.bonusGradientShare(), bonus.meanMargin());
  }

  /** Sums what is a mean over an example's tokens over all tokens. */
  private static Column sumOverTokens(String mean) {
    return sum(col(mean).multiply(col("tokens")));
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

  private Map<Double, Double> quantiles(long ranks) {
    Map<Double, Long> places = new TreeMap<>();
    for (double share : QUANTILES) {
      places.put(share, Math.max(1, (long) Math.ceil(share * ranks)));
    }
    Map<Long, Double> scores = new HashMap<>();
    ranked
        .filter(col(RankingTable.RANK).isin(places.values().toArray()))
        .select(RankingTable.RANK, RankingTable.SCORE)
        .collectAsList()
        .forEach(row -> scores.put(row.getLong(0), row.getDouble(1)));
    Map<Double, Double> quantiles = new TreeMap<>();
    places.forEach((share, place) -> quantiles.put(share, scores.get(place)));
    return quantiles;
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

  private List<Sample> samples(Dataset<Row> ordered) {
    List<Row> rows =
        ordered
            .select(ExampleTable.EXAMPLE_ID, RankingTable.SCORE, RankingTable.RANK)
            .limit(SAMPLES)
            .collectAsList();
    Object[] ids = rows.stream().map(row -> row.getString(0)).toArray();
    Map<String, String> texts = new HashMap<>();
    examples
        .filter(col(ExampleTable.EXAMPLE_ID).isin(ids))
        .select(ExampleTable.EXAMPLE_ID, ExampleTable.TEXT)
        .collectAsList()
        .forEach(row -> texts.put(row.getString(0), row.getString(1)));
    return rows.stream()
        .map(
            row ->
                new Sample(
                    row.getString(0),
                    row.getDouble(1),
                    row.getLong(2),
                    texts.getOrDefault(row.getString(0), "")))
        .toList();
  }
}
