package org.ofaspark.jobs.preprocess;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.util.TaskCompletionListener;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The rows that a task gives to Spark, one at a time. */
final class RowIterator implements Iterator<Row> {

  private static final Logger LOG = LoggerFactory.getLogger(RowIterator.class);

  private final Source source;
  private @Nullable Row next;
  private boolean exhausted;

  private RowIterator(Source source) {
    this.source = source;
  }

  /** Where rows come from. */
  interface Source extends Closeable {

    /** Returns the next row, or null behind the last one; is not asked again then. */
    @Nullable Row next() throws IOException;
  }

  /**
   * Returns the rows of a source, which is closed when the running task ends, however it ends.
   *
   * @param source where they come from
   */
  static Iterator<Row> of(Source source) {
    TaskContext.get().addTaskCompletionListener((TaskCompletionListener) task -> close(source));
    return new RowIterator(source);
  }

  private static void close(Source source) {
    try {
      source.close();
    } catch (IOException e) {
      LOG.warn("The files of a task cannot be closed", e);
    }
  }

  @Override
  public boolean hasNext() {
    if (next == null && !exhausted) {
      try {
        next = source.next();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      exhausted = next == null;
    }
    return next != null;
  }

  @Override
  public Row next() {
    if (!hasNext() || next == null) {
      throw new NoSuchElementException();
    }
    Row row = next;
    next = null;
    return row;
  }
}
