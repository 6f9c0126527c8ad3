package org.ofaspark.task;

import java.io.IOException;
import java.io.InputStream;
import java.util.Iterator;
import java.util.List;
import org.ofaspark.data.Column;
import org.ofaspark.data.Fields;

/** Access to files that a recipe names, wherever they are. Driver. */
public interface Resources {

  /**
   * Returns a path with the file system that it is on, as the other methods take it.
   *
   * @param path as a recipe has it
   */
  String qualified(String path) throws IOException;

  /** Tells whether there is a file or a directory. */
  boolean exists(String path) throws IOException;

  /** Tells whether a path is that of a file. */
  boolean isFile(String path) throws IOException;

  /** Opens a file, which the caller closes. */
  InputStream open(String path) throws IOException;

  /**
   * Reads a table, row by row.
   *
   * @param directory of Parquet files
   * @param columns those to read
   */
  Iterator<Fields> rows(String directory, List<Column<?>> columns);
}
