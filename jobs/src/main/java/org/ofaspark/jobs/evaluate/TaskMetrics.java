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
import org.ofaspark.data.Task;
import org.ofaspark.jobs.table.Partitions;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.metric.Bootstrap;
import org.ofaspark.metric.Interval;
import org.ofaspark.metric.SummedMetric;

/**
 * The metrics of a task: statistics of each prediction, which are columns of {@link
 * PredictionTable}, and functions of their sums. Only rows with a prediction and with what was to
 * be answered count.
 */
public abstract sealed class TaskMetrics implements Serializable
    permits CaptionMetrics, RegionMetrics {

  private static final long serialVersionUID = 1;

  /** Places of the statistics that every task has. */
  static final int EXAMPLES = 0;

  static final int LOSS = 1;
  static final int NLL_LOSS = 2;
  static final int TARGET_TOKENS = 3;

  /** The place of the first statistic of a task's own. */
  static final int OWN = 4;

  /** Returns the metrics of a task. */
  public static TaskMetrics of(Task task) {
    return switch (task) {
      case CAPTION -> new CaptionMetrics();
      case REFCOCO -> new RegionMetrics();
    };
  }

  /** Returns how many statistics an example has. */
  public abstract int size();

  /** Sets the statistics of a task's own, from {@link #OWN} on. */
  abstract void setOwn(double[] statistics, Row prediction);

  /** Returns the metrics of the task's own. */
  abstract List<SummedMetric> own();

  /** Returns the column that orders examples from the worst answered to the best. */
  public abstract String exampleScore();

  /** Returns all metrics. */
  List<SummedMetric> metrics() {
    List<SummedMetric> metrics = new ArrayList<>(own());
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
   * @param prediction a row of {@link PredictionTable} with scores
   */
  public double[] statistics(Row prediction) {
    double[] statistics = new double[size()];
    statistics[EXAMPLES] = 1;
    statistics[LOSS] = prediction.<Double>getAs("loss");
    statistics[NLL_LOSS] = prediction.<Double>getAs("nll_loss");
    statistics[TARGET_TOKENS] = prediction.<Integer>getAs("target_tokens");
    setOwn(statistics, prediction);
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
    if (sums[EXAMPLES] > 0) {
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
