package org.ofaspark.jobs.preprocess;

import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.Vocabulary;

/**
 * Reads the rows of a split: what becomes an example goes to the table, all else to its rejects.
 *
 * @param input how tasks come at the input
 * @param vocabulary what turns texts into tokens
 * @param settings how rows are read
 * @param rawLineLimit most bytes that are kept of a rejected line
 */
record SplitWriter(
    InputAccess input, Broadcast<Vocabulary> vocabulary, RowSettings settings, int rawLineLimit)
    implements Serializable {

  /**
   * Reads and writes. Rows with the id of an earlier row are examples like others.
   *
   * @param spark where to run
   * @param split the split
   * @param examples directory of its examples
   * @param rejects directory of its rejected rows
   */
  void run(SparkSession spark, SplitInput split, String examples, String rejects) {
    String name = split.split();
    JavaRDD<Row> rows =
        JavaSparkContext.fromSparkContext(spark.sparkContext())
            .parallelize(split.tasks(), split.tasks().size())
            .mapPartitionsWithIndex((index, task) -> rows(index, task, name, rejects), false);
    ExampleTable.write(spark.createDataFrame(rows, ExampleTable.schema(settings.task())), examples);
  }

  /** Returns the lines as they stand in the input. */
  RawLines rawLines() {
    return new RawLines(input, rawLineLimit);
  }

  private Iterator<Row> rows(
      int index, Iterator<List<InputRange>> task, String split, String rejects) {
    String path = Text.format("%s/part-%05d.json", rejects, index);
    RejectFile file = new RejectFile(input.files(), path, split, rawLineLimit);
    return RowIterator.of(
        new ExampleRows(input.lines(task.next()), settings, vocabulary.value().codec(), file));
  }
}
