package org.ofaspark.jobs.evaluate;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiFunction;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.ofaspark.data.Column;
import org.ofaspark.data.Fields;
import org.ofaspark.jobs.table.Partitions;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.metric.Bootstrap;
import org.ofaspark.metric.Interval;
import org.ofaspark.metric.SummedMetric;
import org.ofaspark.task.CountedMetrics;
import org.ofaspark.task.CountedMetrics.Count;
import org.ofaspark.task.PredictionColumns;
import org.ofaspark.task.Task;
import org.ofaspark.task.TaskMetrics;

/**
 * The metrics of a split: those of its task and the losses, which every task has. They are
 * functions of the sums of statistics of each prediction. Only rows with a prediction and with what
 * was to be answered count.
 */
public final class SplitMetrics implements Serializable {

  private static final long serialVersionUID = 1;

  private static final int LOSS = 1;
  private static final int NLL_LOSS = 2;
  private static final int TARGET_TOKENS = 3;

  private final Task task;
  private final TaskMetrics own;

  /**
   * Returns the metrics of a task's splits.
   *
   * @param task the task
   */
  public SplitMetrics(Task task) {
    this.task = task;
    this.own = task.metrics();
  }

  /** Returns how many statistics an example has. */
  public int size() {
    return own.size();
  }

  /** Returns the column that orders examples from the worst answered to the best. */
  public String exampleScore() {
    return own.exampleScore().name();
  }

  /** Returns all metrics. */
  List<SummedMetric> metrics() {
    List<SummedMetric> metrics = new ArrayList<>(own.metrics());
    metrics.add(SummedMetric.quotient("loss", LOSS, TARGET_TOKENS));
    metrics.add(SummedMetric.quotient("nll_loss", NLL_LOSS, TARGET_TOKENS));
    return metrics;
  }

  /**
   * Returns some of the metrics, as functions of the sums of {@link #statistics}.
   *
   * @param names the names of those wanted
   */
  public List<SummedMetric> metrics(Collection<String> names) {
    return metrics().stream().filter(metric -> names.contains(metric.name())).toList();
  }

  /**
   * Returns the statistics of a prediction.
   *
   * @param row of {@link PredictionTable} with scores
   */
  public double[] statistics(Row row) {
    Fields prediction = PredictionTable.fields(task, row);
    double[] statistics = new double[size()];
    statistics[TaskMetrics.EXAMPLES] = 1;
    statistics[LOSS] = prediction.require(PredictionColumns.LOSS);
    statistics[NLL_LOSS] = prediction.require(PredictionColumns.NLL_LOSS);
    statistics[TARGET_TOKENS] = prediction.require(PredictionColumns.TARGET_TOKENS);
    own.set(statistics, prediction);
    return statistics;
  }

  /**
   * Computes the metrics of a split.
   *
   * @param predictions rows of {@link PredictionTable} with scores
   * @return metrics by name; none if there is nothing to score
   */
  public Map<String, Double> of(Dataset<Row> predictions) {
    double[] sums =
        answered(predictions)
            .map(this::statistics)
            .aggregate(new ExactSums(size()), ExactSums::add, ExactSums::merge)
            .values();
    Map<String, Double> values = new TreeMap<>();
    if (sums[TaskMetrics.EXAMPLES] > 0) {
      metrics().forEach(metric -> values.put(metric.name(), metric.formula().of(sums)));
      own.counted().ifPresent(by -> values.putAll(by.metrics(counts(by, predictions))));
    }
    return values;
  }

  /** Returns the names of all metrics. */
  List<String> names() {
    List<String> names = new ArrayList<>(metrics().stream().map(SummedMetric::name).toList());
    own.counted().ifPresent(by -> names.addAll(by.names()));
    return names;
  }

  /**
   * Returns what the counts of a split tell.
   *
   * @param predictions rows of {@link PredictionTable} with scores
   * @return nothing if the task counts nothing, or there is nothing to score
   */
  Optional<Map<String, Object>> breakdown(Dataset<Row> predictions) {
    return counted(predictions, CountedMetrics::breakdown);
  }

  /**
   * Returns the part of {@link #breakdown} that a page shows.
   *
   * @param predictions rows of {@link PredictionTable} with scores
   */
  Optional<CountedMetrics.Table> table(Dataset<Row> predictions) {
    return counted(predictions, CountedMetrics::table);
  }

  private <T> Optional<T> counted(
      Dataset<Row> predictions, BiFunction<CountedMetrics, List<Count>, T> made) {
    return own.counted()
        .flatMap(
            by ->
                Optional.of(counts(by, predictions))
                    .filter(counts -> !counts.isEmpty())
                    .map(counts -> made.apply(by, counts)));
  }

  private static List<Count> counts(CountedMetrics by, Dataset<Row> predictions) {
    List<Column<String>> columns = by.columns();
    Map<List<String>, Long> counts =
        answered(predictions)
            .map(row -> columns.stream().map(column -> row.<String>getAs(column.name())).toList())
            .aggregate(
                new HashMap<List<String>, Long>(),
                (sums, values) -> {
                  sums.merge(List.copyOf(values), 1L, Long::sum);
                  return sums;
                },
                (a, b) -> {
                  b.forEach((values, count) -> a.merge(values, count, Long::sum));
                  return a;
                });
    return counts.entrySet().stream()
        .map(entry -> new Count(entry.getKey(), entry.getValue()))
        .sorted(Comparator.comparing(count -> String.join("\t", count.values())))
        .toList();
  }

  /**
   * Estimates how far the metrics of a split would scatter if its examples were drawn again.
   *
   * @param predictions rows of {@link PredictionTable} with scores
   * @param names the metrics wanted
   * @param resampling how
   * @return intervals by name
   */
  Map<String, Interval> intervals(
      Dataset<Row> predictions, Collection<String> names, Resampling resampling) {
    Bootstrap bootstrap =
        Partitions.sum(
            answered(predictions),
            new Bootstrap(resampling.seed(), resampling.samples(), size()),
            (sums, row) -> sums.add(PredictionTable.exampleId(row), statistics(row)),
            Bootstrap::merge);
    Map<String, Interval> intervals = new TreeMap<>();
    metrics(names)
        .forEach(
            metric ->
                intervals.put(
                    metric.name(), bootstrap.interval(metric.formula(), Resampling.LEVEL)));
    return intervals;
  }

  private static JavaRDD<Row> answered(Dataset<Row> predictions) {
    return predictions.javaRDD().filter(PredictionTable::isLabelled);
  }
}
