package org.ofaspark.jobs.table;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.ofaspark.data.Column;
import org.ofaspark.data.Example;
import org.ofaspark.data.Fields;
import org.ofaspark.evaluate.ExampleLoss;
import org.ofaspark.task.Prediction;
import org.ofaspark.task.PredictionColumns;
import org.ofaspark.task.Task;

/** A table of predictions: the columns of {@link PredictionColumns}, then those of the task. */
public final class PredictionTable {

  private PredictionTable() {}

  /**
   * Returns the columns.
   *
   * @param task what the predictions are for
   */
  public static List<Column<?>> columns(Task task) {
    List<Column<?>> columns = new ArrayList<>(PredictionColumns.ALL);
    columns.addAll(task.metrics().columns());
    return columns;
  }

  /**
   * Returns the columns as Spark's.
   *
   * @param task what the predictions are for
   */
  public static StructType schema(Task task) {
    return Columns.schema(columns(task));
  }

  /**
   * Makes a row of a prediction. Scores that depend on other examples come later.
   *
   * @param task what it is for
   * @param example what was asked
   * @param prediction the answer
   * @param loss the loss of the example's target; not looked at if that is not known
   */
  public static Row toRow(Task task, Example example, Prediction prediction, ExampleLoss loss) {
    Fields asked = task.asked(example);
    Fields.Builder row =
        asked(example, asked)
            .put(PredictionColumns.HYPOTHESIS, prediction.text())
            .put(PredictionColumns.SCORE, prediction.score())
            .put(PredictionColumns.TOKENS, prediction.tokens())
            .putAll(task.answered(asked, prediction));
    if (example.isLabelled()) {
      row.put(PredictionColumns.LOSS, loss.loss())
          .put(PredictionColumns.NLL_LOSS, loss.nllLoss())
          .put(PredictionColumns.TARGET_TOKENS, loss.tokens())
          .put(PredictionColumns.CORRECT_TOKENS, loss.correct());
    }
    return toRow(task, row.build());
  }

  /**
   * Makes a row of an example without a prediction.
   *
   * @param task what it is for
   * @param example what was asked
   * @param error why there is none
   */
  public static Row failure(Task task, Example example, String error) {
    return toRow(
        task, asked(example, task.asked(example)).put(PredictionColumns.ERROR, error).build());
  }

  private static Fields.Builder asked(Example example, Fields own) {
    return Fields.builder()
        .put(PredictionColumns.EXAMPLE_ID, example.exampleId())
        .put(PredictionColumns.IMAGE_ID, example.imageId())
        .put(PredictionColumns.TEXT, example.text())
        .putAll(own);
  }

  /**
   * Makes a row.
   *
   * @param task what it is for
   * @param fields its values
   */
  public static Row toRow(Task task, Fields fields) {
    List<@Nullable Object> values = new ArrayList<>();
    columns(task).forEach(column -> values.add(Columns.value(fields, column)));
    return RowFactory.create(values.toArray());
  }

  /**
   * Returns the values of a row.
   *
   * @param task what it is for
   * @param row a row with the columns of {@link #schema}, in any order
   */
  public static Fields fields(Task task, Row row) {
    return Columns.fields(row, columns(task));
  }

  /** Returns the id of the example that a row answers. */
  public static String exampleId(Row row) {
    return row.getAs(PredictionColumns.EXAMPLE_ID.name());
  }

  /** Tells whether a row holds a prediction. */
  public static boolean isPrediction(Row row) {
    return row.getAs(PredictionColumns.ERROR.name()) == null;
  }

  /** Tells whether a row holds a prediction that can be scored. */
  public static boolean isLabelled(Row row) {
    return row.getAs(PredictionColumns.LOSS.name()) != null;
  }
}
