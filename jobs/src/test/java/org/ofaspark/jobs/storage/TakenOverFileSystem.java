package org.ofaspark.jobs.storage;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;
import org.ofaspark.jobs.cluster.LogLines;

/**
 * Local files under {@code taken:///}. When one of a given name is about to be written, another
 * process takes a lock over, and its holder has learnt it before the writing goes on.
 */
public final class TakenOverFileSystem extends RawLocalFileSystem {

  private static final String NAME = "fs.taken.name";
  private static final String LOCK = "fs.taken.lock";
  private static final String OTHER =
      """
      {"token": "x", "host": "elsewhere", "machine": "x", "process": 7, "since": "then"}
      """;

  /**
   * Returns the settings of Hadoop for this file system.
   *
   * @param name part of the path of the file
   * @param lock the lock
   */
  public static Map<String, String> settings(String name, java.nio.file.Path lock) {
    return Map.of(
        "fs.taken.impl",
        TakenOverFileSystem.class.getName(),
        "fs.taken.impl.disable.cache",
        "true",
        NAME,
        name,
        LOCK,
        lock.toString());
  }

  @Override
  public URI getUri() {
    return URI.create("taken:///");
  }

  @Override
  public FSDataOutputStream create(
      Path file,
      boolean overwrite,
      int bufferSize,
      short replication,
      long blockSize,
      Progressable progress)
      throws IOException {
    java.nio.file.Path lock = Paths.get(getConf().get(LOCK));
    if (file.toString().contains(getConf().get(NAME))
        && !Files.readString(lock).contains("elsewhere")) {
      try (var log = new LogLines(WriterLock.class)) {
        while (log.lines().stream().noneMatch(line -> line.contains("has taken over"))) {
          Files.writeString(lock, OTHER); // again: a renewal in progress may write over it
          LockSupport.parkNanos(20_000_000);
        }
      }
    }
    return super.create(file, overwrite, bufferSize, replication, blockSize, progress);
  }
}
