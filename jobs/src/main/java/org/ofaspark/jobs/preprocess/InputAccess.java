package org.ofaspark.jobs.preprocess;

import java.io.Serializable;
import java.util.List;
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
   * Returns the lines of a task.
   *
   * @param ranges what the task reads
   * @return lines to be closed by the caller
   */
  TaskLines lines(List<InputRange> ranges) {
    return new TaskLines(files(), ranges, maxLineBytes);
  }
}
