package org.ofaspark.task;

import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import org.ofaspark.data.Column;
import org.ofaspark.data.Fields;
import org.ofaspark.metric.SummedMetric;

/**
 * The metrics of a task: statistics of each prediction, and functions of their sums, so that any
 * set of examples has them without another look at the examples. Thread-safe.
 */
public interface TaskMetrics extends Serializable {

  /** The place of the statistic that is 1 for each example. */
  int EXAMPLES = 0;

  /** The place of the first statistic of a task's own; those before are of every task. */
  int OWN = 4;

  /** Returns the columns of predictions that the task adds to {@link PredictionColumns#ALL}. */
  List<Column<?>> columns();

  /** Returns how many statistics an example has, those of every task included. */
  int size();

  /**
   * Sets the statistics of a task's own, from {@link #OWN} on.
   *
   * @param statistics of {@link #size} places, of which the first are set
   * @param prediction a row of predictions with all its scores
   */
  void set(double[] statistics, Fields prediction);

  /** Returns the metrics of the task's own, the most important one first. */
  List<SummedMetric> metrics();

  /**
   * Returns the metrics that are no functions of sums, if there are any; they have no intervals.
   */
  default Optional<CountedMetrics> counted() {
    return Optional.empty();
  }

  /** Returns the column that orders examples from the worst answered to the best. */
  Column<Double> exampleScore();
}
