package org.ofaspark.jobs.preprocess;

import java.io.IOException;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.table.ExampleTable;
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
final class ExampleRows implements RowIterator.Source {

  private static final Logger LOG = LoggerFactory.getLogger(ExampleRows.class);

  /** Far below what a row with an image has. */
  private static final int MAX_HEADER = 200;

  private final TaskLines lines;
  private final Task task;
  private final RowReader reader;
  private final RejectFile rejects;

  /**
   * Creates the rows; closes what it is given.
   *
   * @param lines what the task reads
   * @param settings how rows are read
   * @param codec the dictionary
   * @param rejects where rejected rows go
   */
  ExampleRows(TaskLines lines, RowSettings settings, TokenCodec codec, RejectFile rejects) {
    this.lines = lines;
    this.task = settings.task();
    this.reader = settings.rowReader(codec);
    this.rejects = rejects;
  }

  @Override
  public @Nullable Row next() throws IOException {
    for (Line line = lines.next(); line != null; line = lines.next()) {
      RowOutcome outcome = outcome(line);
      if (outcome instanceof RowOutcome.Accepted accepted) {
        return ExampleTable.toRow(accepted.example(), task, lines.file(), line.number());
      }
      if (outcome instanceof RowOutcome.Rejected rejected) {
        rejects.add(lines.file(), line, isHeader(line, rejected) ? ofHeader(rejected) : rejected);
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
      LOG.warn("{} line {}: cannot be read; please report this", lines.file(), line.number(), e);
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
    try (rejects) {
      lines.close();
    }
  }
}
