package org.ofaspark.jobs.preprocess;

import java.io.Closeable;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.ofaspark.jobs.storage.HadoopFiles;

/** The lines of all ranges that a task reads, one after the other. */
final class TaskLines implements Closeable {

  private final HadoopFiles files;
  private final Iterator<InputRange> ranges;
  private final int maxLineBytes;

  private String file = "";
  private @Nullable LineReader reader;

  TaskLines(HadoopFiles files, List<InputRange> ranges, int maxLineBytes) {
    this.files = files;
    this.ranges = ranges.iterator();
    this.maxLineBytes = maxLineBytes;
  }

  /** Returns the next line, or null behind the last one. */
  @Nullable Line next() throws IOException {
    while (true) {
      Line line = reader == null ? null : reader.next();
      if (line != null || !ranges.hasNext()) {
        return line;
      }
      close();
      InputRange range = ranges.next();
      file = range.file().path();
      reader = range.open(files, maxLineBytes);
    }
  }

  /** Returns the file of the line returned last. */
  String file() {
    return file;
  }

  @Override
  public void close() throws IOException {
    if (reader != null) {
      reader.close();
      reader = null;
    }
  }
}
