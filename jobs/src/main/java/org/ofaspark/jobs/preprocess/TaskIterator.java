package org.ofaspark.jobs.preprocess;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a task reads out of a file, one element at a time. The file is closed behind its last
 * element, or when the task ends, however it ends.
 */
final class TaskIterator<T> implements Iterator<T> {

  private static final Logger LOG = LoggerFactory.getLogger(TaskIterator.class);

  private @Nullable Source<T> source; // null once it is closed
  private @Nullable T next;

  private TaskIterator(Source<T> source) {
    this.source = source;
  }

  /** Where elements come from. */
  interface Source<T> extends Closeable {

    /** Returns the next element, or null behind the last one; is not called again then. */
    @Nullable T next() throws IOException;
  }

  /**
   * Returns the elements of a source. Runs in a task.
   *
   * @param source where they come from
   */
  static <T> Iterator<T> of(Source<T> source) {
    var elements = new TaskIterator<>(source);
    TaskContext.get().addTaskCompletionListener((TaskCompletionListener) task -> elements.close());
    return elements;
  }

  private void close() {
    if (source == null) {
      return;
    }
    try {
      source.close();
    } catch (IOException e) {
      LOG.warn("The files of a task cannot be closed", e);
    }
    source = null;
  }

  @Override
  public boolean hasNext() {
    if (next == null && source != null) {
      try {
        next = source.next();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      if (next == null) {
        close();
      }
    }
    return next != null;
  }

  @Override
  public T next() {
    if (!hasNext() || next == null) {
      throw new NoSuchElementException();
    }
    T element = next;
    next = null;
    return element;
  }
}
