package org.ofaspark.jobs.preprocess;

import static org.apache.spark.sql.functions.array_max;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.when;

import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.text.CaptionText;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Training examples that upstream takes as they are, but that are likely to be a mistake. */
final class DoubtfulRows {

  private static final Logger LOG = LoggerFactory.getLogger(DoubtfulRows.class);

  private DoubtfulRows() {}

  /**
   * Counts them and warns of each kind.
   *
   * @param examples of the split to train on
   * @param key what in the recipe names its files
   */
  static void tell(Dataset<Row> examples, String key) {
    Row counts =
        examples
            .select(
                counted(array_max(col(ExampleTable.REGION)).leq(1)),
                counted(
                    col(ExampleTable.REGION)
                        .isNull()
                        .and(col(ExampleTable.TEXT).contains(CaptionText.REFERENCE_SEPARATOR))))
            .first();
    if (counts.getLong(0) > 0) {
      LOG.warn(
          "{}: {} regions lie within the first pixel (expected: pixels, not shares of the image)",
          key,
          counts.getLong(0));
    }
    if (counts.getLong(1) > 0) {
      LOG.warn(
          "{}: {} captions hold {} (expected: one caption a row to train on); as upstream does,"
              + " its references are trained on as one caption",
          key,
          counts.getLong(1),
          CaptionText.REFERENCE_SEPARATOR);
    }
  }

  private static Column counted(Column condition) {
    return count(when(condition, 1));
  }
}
