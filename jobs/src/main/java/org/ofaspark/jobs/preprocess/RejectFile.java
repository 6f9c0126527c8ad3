package org.ofaspark.jobs.preprocess;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import java.io.BufferedWriter;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.ofaspark.jobs.storage.PendingFile;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.task.RowOutcome;

/**
 * The rejected rows that a task meets: a file that is there once the task has read all its rows,
 * and not at all if none of them is rejected.
 *
 * <p>What a task writes is determined by its input, so it does no harm if Spark runs a task again.
 */
final class RejectFile implements Closeable {

  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

  private final Rejects rejects;
  private final String path;

  private @Nullable PendingFile pending;
  private @Nullable Writer writer;

  /**
   * Creates a file, which appears with its first row.
   *
   * @param rejects those of the split
   * @param path the file
   */
  RejectFile(Rejects rejects, String path) {
    this.rejects = rejects;
    this.path = path;
  }

  /**
   * Adds a row.
   *
   * @param line what it is
   * @param rejected why it is no example
   */
  void add(Line line, RowOutcome.Rejected rejected) throws IOException {
    JsonObject row = new JsonObject();
    row.addProperty(Rejects.SPLIT, rejects.split());
    row.addProperty(ExampleTable.FILE, line.file());
    row.addProperty(ExampleTable.LINE, line.number());
    row.addProperty(Rejects.REASON, rejected.reason().code());
    row.addProperty(Rejects.MESSAGE, rejected.message());
    rejected.id().ifPresent(id -> row.addProperty(Rejects.ID, id));
    row.addProperty(Rejects.RAW, rejects.raw(line));
    Writer out = writer();
    GSON.toJson(row, out);
    out.write('\n');
  }

  private Writer writer() throws IOException {
    if (writer == null) {
      pending = rejects.input().files().create(path);
      writer = new BufferedWriter(new OutputStreamWriter(pending.out(), StandardCharsets.UTF_8));
    }
    return writer;
  }

  /** Gives the file its name; there are no more rows. */
  void commit() throws IOException {
    if (writer != null && pending != null) {
      writer.flush();
      pending.commitUnlessThere();
    }
  }

  /** Deletes the file if it has not been committed. */
  @Override
  public void close() throws IOException {
    if (pending != null) {
      pending.close();
    }
  }
}
