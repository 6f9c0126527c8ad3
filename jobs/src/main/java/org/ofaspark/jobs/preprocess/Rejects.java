package org.ofaspark.jobs.preprocess;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.types.DataTypes.LongType;
import static org.apache.spark.sql.types.DataTypes.StringType;
import static org.ofaspark.jobs.table.ExampleTable.FILE;
import static org.ofaspark.jobs.table.ExampleTable.LINE;

import java.io.IOException;
import java.io.Serializable;
import java.util.Comparator;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.ofaspark.config.Text;

/**
 * The rejected rows of a split: JSON lines in a directory of the table.
 *
 * @param input opens the files
 * @param split the split's name
 * @param directory where the files go
 * @param rawLineLimit most bytes that are kept of a line
 */
record Rejects(InputAccess input, String split, String directory, int rawLineLimit)
    implements Serializable {

  static final String SPLIT = "split";
  static final String REASON = "reason";
  static final String MESSAGE = "message";
  static final String ID = "id";
  static final String RAW = "raw";

  /** What is written of each row; the id is missing if it could not be read. */
  static final StructType SCHEMA =
      new StructType()
          .add(SPLIT, StringType)
          .add(FILE, StringType)
          .add(LINE, LongType)
          .add(REASON, StringType)
          .add(MESSAGE, StringType)
          .add(ID, StringType)
          .add(RAW, StringType);

  /**
   * How often rows are rejected for a reason.
   *
   * @param reason the reason's code
   * @param rows how many rows
   * @param file of the first of them
   * @param line of the first of them, in its file
   * @param message of the first of them
   */
  record Count(String reason, long rows, String file, long line, String message) {

    private static Count of(Row row) {
      Row first = row.getStruct(2);
      return new Count(
          row.getString(0),
          row.getLong(1),
          first.getString(0),
          first.getLong(1),
          first.getString(2));
    }
  }

  /**
   * Returns the file of a task's rejected rows.
   *
   * @param task the task's number
   * @return a file that appears with its first row, to be closed by the caller
   */
  RejectFile file(int task) {
    return new RejectFile(this, Text.format("%s/part-%05d.json", directory, task));
  }

  /**
   * Returns what is kept of a line.
   *
   * @param line the line
   */
  String raw(Line line) {
    return line.beginning(rawLineLimit);
  }

  /**
   * Counts rejected rows.
   *
   * @param spark where to run
   * @return one entry for each reason that comes, the most frequent first
   */
  List<Count> byReason(SparkSession spark) throws IOException {
    if (!input.files().exists(directory)) {
      return List.of();
    }
    return spark
        .read()
        .schema(SCHEMA)
        .json(directory)
        .groupBy(REASON)
        .agg(count(lit(1)), min(struct(col(FILE), col(LINE), col(MESSAGE))))
        .collectAsList()
        .stream()
        .map(Count::of)
        .sorted(Comparator.comparingLong(Count::rows).reversed().thenComparing(Count::reason))
        .toList();
  }
}
