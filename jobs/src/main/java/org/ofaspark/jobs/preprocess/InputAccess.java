package org.ofaspark.jobs.preprocess;

import java.io.IOException;
import java.io.Serializable;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.ofaspark.jobs.storage.HadoopFiles;

/**
 * Opens input files inside a task. Made on the driver, used on executors.
 *
 * @param hadoop which file systems there are and how to reach them
 * @param maxLineBytes most bytes of a line that are held
 */
record InputAccess(Broadcast<SerializableConfiguration> hadoop, int maxLineBytes)
    implements Serializable {

  /** Returns access to the file systems. */
  HadoopFiles files() {
    return new HadoopFiles(hadoop.value().value());
  }

  /**
   * Opens a range.
   *
   * @param range a range of a file
   * @return its lines, to be closed by the caller
   */
  LineReader open(InputRange range) throws IOException {
    return range.open(files(), maxLineBytes);
  }
}
