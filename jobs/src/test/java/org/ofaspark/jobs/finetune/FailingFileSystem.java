package org.ofaspark.jobs.finetune;

import ai.djl.engine.EngineException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;
import org.ofaspark.checkpoint.WeightFiles;

/**
 * Local files under {@code failing:///}, where weights cannot be written for as long as there are
 * files named 1, 2 and so on in the folder {@code fs.failing.failures}; each failure takes one
 * away, whichever process it is in. While there is a file of that name with {@code -outage} at its
 * end, nothing can be written; {@code -hang} makes one writer of weights hang.
 */
public final class FailingFileSystem extends RawLocalFileSystem {

  static final String FAILURES = "fs.failing.failures";

  /** A file of this name makes the next weights or answers fail as they do where a GPU is lost. */
  static final String DEVICE = "device";

  @Override
  public URI getUri() {
    return URI.create("failing:///");
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
    failIfDue(file);
    return super.create(file, overwrite, bufferSize, replication, blockSize, progress);
  }

  private void failIfDue(Path file) throws IOException {
    if (Files.exists(Paths.get(getConf().get(FAILURES) + "-outage"))) {
      throw new ConnectException("the name node is away");
    }
    boolean isWeights = file.getName().equals(WeightFiles.SINGLE);
    if ((isWeights || file.getName().endsWith(".parquet"))
        && Files.deleteIfExists(Paths.get(getConf().get(FAILURES), DEVICE))) {
      throw new EngineException("CUDA error: device-side assert triggered");
    }
    if (!isWeights) {
      return;
    }
    if (Files.deleteIfExists(Paths.get(getConf().get(FAILURES) + "-hang"))) {
      LockSupport.parkNanos(TimeUnit.HOURS.toNanos(1));
    }
    for (int i = 1; i <= 9; i++) {
      if (Files.deleteIfExists(Paths.get(getConf().get(FAILURES), String.valueOf(i)))) {
        throw new IOException(file + ": no space left (failure " + i + ")");
      }
    }
  }
}
