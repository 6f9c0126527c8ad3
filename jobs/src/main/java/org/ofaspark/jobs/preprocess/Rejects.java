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

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/** The rejected rows of a split: JSON lines in a directory of the table. */
final class Rejects {

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

  private Rejects() {}

  /**
   * Returns the beginning of a line as text, with U+FFFD for what is none.
   *
   * @param line the line
   * @param limit most bytes
   */
  static String raw(Line line, int limit) {
    return new String(
        line.bytes(), 0, Math.min(limit, line.bytes().length), StandardCharsets.UTF_8);
  }

  /**
   * Counts rejected rows.
   *
   * @param spark where to run
   * @param directory of the split's rejected rows
   * @return one entry for each reason that comes, the most frequent first
   */
  static List<RejectCount> byReason(SparkSession spark, String directory) {
    return spark
        .read()
        .schema(SCHEMA)
        .json(directory)
        .groupBy(REASON)
        .agg(count(lit(1)), min(struct(col(FILE), col(LINE), col(MESSAGE))))
        .collectAsList()
        .stream()
        .map(Rejects::reason)
        .sorted()
        .toList();
  }

  private static RejectCount reason(Row row) {
    Row first = row.getStruct(2);
    return new RejectCount(
        row.getString(0), row.getLong(1), first.getString(0), first.getLong(1), first.getString(2));
  }
}
