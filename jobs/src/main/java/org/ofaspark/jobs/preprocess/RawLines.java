package org.ofaspark.jobs.preprocess;

import static org.apache.spark.sql.types.DataTypes.LongType;
import static org.apache.spark.sql.types.DataTypes.StringType;
import static org.ofaspark.jobs.table.ExampleTable.FILE;
import static org.ofaspark.jobs.table.ExampleTable.LINE;

import java.io.IOException;
import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/**
 * The lines of the input as they stand there.
 *
 * @param input how tasks come at the input
 * @param limit most bytes that are kept of a line
 */
record RawLines(InputAccess input, int limit) implements Serializable {

  private static final StructType SCHEMA =
      new StructType()
          .add(FILE, StringType, false)
          .add(LINE, LongType, false)
          .add(Rejects.RAW, StringType, false);

  /**
   * Returns all lines of a split, with their file and number.
   *
   * @param spark where to run
   * @param split the split
   */
  Dataset<Row> of(SparkSession spark, SplitInput split) {
    JavaRDD<Row> rows =
        JavaSparkContext.fromSparkContext(spark.sparkContext())
            .parallelize(split.tasks(), split.tasks().size())
            .flatMap(this::rows);
    return spark.createDataFrame(rows, SCHEMA);
  }

  private Iterator<Row> rows(List<InputRange> ranges) {
    TaskLines lines = input.lines(ranges);
    return RowIterator.of(
        new RowIterator.Source() {
          @Override
          public @Nullable Row next() throws IOException {
            Line line = lines.next();
            return line == null
                ? null
                : RowFactory.create(lines.file(), line.number(), Rejects.raw(line, limit));
          }

          @Override
          public void close() throws IOException {
            lines.close();
          }
        });
  }
}
