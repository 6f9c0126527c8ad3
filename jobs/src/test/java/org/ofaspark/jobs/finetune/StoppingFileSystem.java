package org.ofaspark.jobs.finetune;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;

/**
 * The local disk as a process sees it that is killed at one of its operations: that one is not done
 * (a write is done by half), and none after it.
 */
public final class StoppingFileSystem extends RawLocalFileSystem {

  /** Hadoop makes the file systems itself, so this is how a test reaches them. */
  private static final AtomicReference<Operations> CURRENT =
      new AtomicReference<>(new Operations(Integer.MAX_VALUE));

  private static final String UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";

  /** What a process does before it is killed. */
  static final class Operations {
    private final int most;
    private final List<String> done = new ArrayList<>();

    private Operations(int most) {
      this.most = most;
    }

    /** Returns what has been done, by name. */
    List<String> done() {
      return List.copyOf(done);
    }

    private boolean stopsAt(String operation, Path path) {
      if (done.size() >= most) {
        return true;
      }
      String name = path.toString().replaceAll(".*/checkpoints/", "checkpoints/");
      done.add(operation + " " + name.replaceAll(".*/metrics/", "metrics/").replaceAll(UUID, "ID"));
      return false;
    }

    private void next(String operation, Path path) throws Killed {
      if (stopsAt(operation, path)) {
        throw new Killed();
      }
    }
  }

  /** The process is no more. */
  static final class Killed extends IOException {
    private static final long serialVersionUID = 1;

    private Killed() {
      super("killed");
    }
  }

  /** Returns a configuration under which paths of the local disk come here. */
  static Configuration configuration() {
    var configuration = new Configuration();
    configuration.setClass("fs.file.impl", StoppingFileSystem.class, RawLocalFileSystem.class);
    configuration.setBoolean("fs.file.impl.disable.cache", true);
    return configuration;
  }

  /**
   * Starts a process.
   *
   * @param operations how many it may do
   */
  static Operations start(int operations) {
    var started = new Operations(operations);
    CURRENT.set(started);
    return started;
  }

  private static Operations current() {
    return Objects.requireNonNull(CURRENT.get());
  }

  @Override
  public FSDataOutputStream create(
      Path path,
      boolean overwrite,
      int bufferSize,
      short replication,
      long blockSize,
      Progressable progress)
      throws IOException {
    current().next("create", path);
    OutputStream file = super.create(path, overwrite, bufferSize, replication, blockSize, progress);
    return new FSDataOutputStream(new StoppingStream(file, path), null);
  }

  @Override
  public boolean rename(Path from, Path to) throws IOException {
    current().next("rename to", to);
    return super.rename(from, to);
  }

  @Override
  public boolean delete(Path path, boolean recursive) throws IOException {
    if (!exists(path)) {
      return false;
    }
    current().next("delete", path);
    return super.delete(path, recursive);
  }

  /** A file that may get no more than half of a write. */
  private static final class StoppingStream extends FilterOutputStream {
    private final Path path;

    StoppingStream(OutputStream file, Path path) {
      super(file);
      this.path = path;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      if (current().stopsAt("write", path)) {
        out.write(bytes, offset, length / 2);
        out.flush();
        throw new Killed();
      }
      out.write(bytes, offset, length);
    }
  }
}
