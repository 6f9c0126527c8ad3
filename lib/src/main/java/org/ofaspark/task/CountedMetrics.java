package org.ofaspark.task;

import java.io.Serializable;
import java.util.List;
import java.util.Map;
import org.ofaspark.data.Column;

/**
 * Metrics that are functions of how many predictions have the same values, such as those of a
 * confusion matrix. Thread-safe.
 */
public interface CountedMetrics extends Serializable {

  /**
   * Predictions that have the same values.
   *
   * @param values of {@link #columns}, in their order
   * @param predictions how many, at least 1
   */
  record Count(List<String> values, long predictions) {

    /** Copies the values. */
    public Count {
      values = List.copyOf(values);
    }
  }

  /** Returns the columns; a prediction that can be scored has a value in each. */
  List<Column<String>> columns();

  /** Returns the names of the metrics, the most important first. */
  List<String> names();

  /**
   * Computes the metrics of a split.
   *
   * @param counts at least one, in the order of their values
   * @return values by name
   */
  Map<String, Double> metrics(List<Count> counts);

  /**
   * Returns what else the counts tell, to be written as {@code breakdown.json}.
   *
   * @param counts as for {@link #metrics}
   * @return maps, lists, texts and numbers; the keys in snake case
   */
  Map<String, Object> breakdown(List<Count> counts);

  /**
   * Returns the part of it that a page shows.
   *
   * @param counts as for {@link #metrics}
   */
  Table table(List<Count> counts);

  /**
   * A table of texts.
   *
   * @param heading what stands above it
   * @param rows at least one: the names of the columns, then the values
   */
  record Table(String heading, List<List<String>> rows) {

    /** Copies the rows. */
    public Table {
      rows = rows.stream().map(List::copyOf).toList();
    }
  }
}
