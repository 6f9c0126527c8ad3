package org.ofaspark.jobs.evaluate;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.ofaspark.data.Fields;
import org.ofaspark.jobs.table.Partitions;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.metric.Bootstrap;
import org.ofaspark.metric.Interval;
import org.ofaspark.metric.SummedMetric;
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
    }
    return values;
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
