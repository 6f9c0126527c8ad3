package org.ofaspark.jobs;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/** Local files under {@code away:///}, which nothing is told of as often as a test has said. */
public final class AwayFileSystem extends RawLocalFileSystem {

  private static final AtomicInteger FAILURES = new AtomicInteger();

  /** Lets the file system be away. */
  public static void failNext(int times) {
    FAILURES.set(times);
  }

  /** Returns how often it is yet to be away. */
  public static int failuresLeft() {
    return FAILURES.get();
  }

  @Override
  public URI getUri() {
    return URI.create("away:///");
  }

  @Override
  public FileStatus getFileStatus(Path file) throws IOException {
    if (FAILURES.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
      throw new ConnectException("the name node is away");
    }
    return super.getFileStatus(file);
  }
}
