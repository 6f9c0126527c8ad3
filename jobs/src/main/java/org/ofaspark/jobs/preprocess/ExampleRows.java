package org.ofaspark.jobs.preprocess;

import java.io.IOException;
import java.util.Iterator;
import java.util.Optional;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.task.RejectReason;
import org.ofaspark.task.RowOutcome;
import org.ofaspark.task.RowReader;
import org.ofaspark.task.Task;
import org.ofaspark.text.TokenCodec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rows that a task adds to the table. On the way it writes those that are rejected to a file of
 * their own, which is complete when there are no more rows: so each row is looked at once and no
 * image is stored in between.
 */
final class ExampleRows implements TaskIterator.Source<Row> {

  private static final Logger LOG = LoggerFactory.getLogger(ExampleRows.class);

  /** Far below what a row with an image has. */
  private static final int MAX_HEADER = 200;

  private final Iterator<Line> lines;
  private final Task task;
  private final RowReader reader;
  private final RejectFile rejects;

  private ExampleRows(
      Iterator<Line> lines, RowSettings settings, TokenCodec codec, RejectFile rejects) {
    this.lines = lines;
    this.task = settings.task();
    this.reader = settings.rowReader(codec);
    this.rejects = rejects;
  }

  /**
   * Writes the examples of a split, and its rejects. Rows with the id of an earlier row are
   * examples like others.
   *
   * @param spark where to run
   * @param lines what is read
   * @param settings how rows are read
   * @param vocabulary what turns texts into tokens
   * @param rejects where rejected rows go
   * @param directory where examples go
   */
  static void write(
      SparkSession spark,
      JavaRDD<Line> lines,
      RowSettings settings,
      Broadcast<Vocabulary> vocabulary,
      Rejects rejects,
      String directory) {
    JavaRDD<Row> rows =
        lines.mapPartitionsWithIndex(
            (index, task) ->
                TaskIterator.of(
                    new ExampleRows(
                        task, settings, vocabulary.value().codec(), rejects.file(index))),
            false);
    ExampleTable.write(
        spark.createDataFrame(rows, ExampleTable.schema(settings.task())), directory);
  }

  @Override
  public @Nullable Row next() throws IOException {
    while (lines.hasNext()) {
      Line line = lines.next();
      RowOutcome outcome = outcome(line);
      if (outcome instanceof RowOutcome.Accepted accepted) {
        return ExampleTable.toRow(accepted.example(), task, line.file(), line.number());
      }
      if (outcome instanceof RowOutcome.Rejected rejected) {
        rejects.add(line, isHeader(line, rejected) ? ofHeader(rejected) : rejected);
      }
    }
    rejects.commit();
    return null;
  }

  private RowOutcome outcome(Line line) {
    if (!line.isWhole()) {
      return new RowOutcome.Rejected(
          RejectReason.LINE_TOO_LONG,
          Text.format(
              "line: %d bytes (expected: at most %d, preprocess.max-line-bytes)",
              line.length(), line.bytes().length),
          Optional.empty());
    }
    try {
      return reader.read(line.bytes());
    } catch (RuntimeException e) { // one row must not end the work of hours
      LOG.warn("{} line {}: cannot be read; please report this", line.file(), line.number(), e);
      return new RowOutcome.Rejected(
          RejectReason.UNFORESEEN,
          Text.format("row: %s (expected: an example)", e),
          Optional.empty());
    }
  }

  /** Tells whether a rejected line may be one of column names. */
  private static boolean isHeader(Line line, RowOutcome.Rejected rejected) {
    return line.number() == 1 && line.length() <= MAX_HEADER && rejected.reason().isOtherKind();
  }

  private static RowOutcome.Rejected ofHeader(RowOutcome.Rejected rejected) {
    return new RowOutcome.Rejected(
        rejected.reason(),
        rejected.message() + "; is this a line of column names? The tables have none",
        rejected.id());
  }

  @Override
  public void close() throws IOException {
    rejects.close();
  }
}
