package org.ofaspark.jobs.storage;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.util.UUID;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Options.Rename;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.ofaspark.config.Text;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that nobody sees until all of it is written: it has a hidden name beside its own, and is
 * deleted if it is closed before it is committed.
 *
 * <p>Used by one thread.
 */
public final class PendingFile implements Closeable {

  private static final Logger LOG = LoggerFactory.getLogger(PendingFile.class);

  /** Weights come in gigabytes: the local disk would get them in portions of 4 kB. */
  static final int BUFFER_BYTES = 1 << 20;

  private final FileSystem fileSystem;
  private final Path target;
  private final Path temporary;
  private final OutputStream out;
  private boolean committed;

  private PendingFile(FileSystem fileSystem, Path target, Path temporary, OutputStream out) {
    this.fileSystem = fileSystem;
    this.target = target;
    this.temporary = temporary;
    this.out = out;
  }

  static PendingFile create(FileSystem fileSystem, Path target) throws IOException {
    Path temporary =
        new Path(target.getParent(), "." + target.getName() + "." + UUID.randomUUID() + ".tmp");
    return new PendingFile(
        fileSystem,
        target,
        temporary,
        new OutputFile(fileSystem.create(temporary, false, BUFFER_BYTES)));
  }

  /** Returns where to write; do not close it. */
  public OutputStream out() {
    return out;
  }

  /** Gives the file its name, in the place of a file that has it. */
  public void commit() throws IOException {
    out.close();
    if (fileSystem instanceof DistributedFileSystem hdfs) {
      hdfs.rename(temporary, target, Rename.OVERWRITE); // at no time is there no file
      committed = true;
      return;
    }
    if (fileSystem instanceof LocalFileSystem local) {
      commit(local);
      return;
    }
    if (!(fileSystem instanceof RawLocalFileSystem) && fileSystem.exists(target)) {
      fileSystem.delete(target, false); // not all rename onto a file
    }
    rename(fileSystem, temporary, target);
    committed = true;
  }

  /** Gives the file its name so that there is at no time none, nor one with another's check sum. */
  private void commit(LocalFileSystem local) throws IOException {
    FileSystem raw = local.getRawFileSystem();
    raw.delete(local.getChecksumFile(target), false);
    rename(raw, temporary, target);
    committed = true;
    Path sums = local.getChecksumFile(temporary);
    if (raw.exists(sums)) {
      rename(raw, sums, local.getChecksumFile(target));
    }
  }

  private static void rename(FileSystem fileSystem, Path from, Path to) throws IOException {
    if (!fileSystem.rename(from, to)) {
      throw new IOException(Text.format("%s: cannot rename %s to it", to, from));
    }
  }

  /**
   * Gives the file its name, unless a file has it: for tasks that Spark may run twice, at the same
   * time even, and that write the same each time.
   */
  public void commitUnlessThere() throws IOException {
    out.close();
    committed = !fileSystem.exists(target) && fileSystem.rename(temporary, target);
    if (!committed && !fileSystem.exists(target)) {
      throw new IOException(Text.format("%s: cannot rename %s to it", target, temporary));
    }
  }

  /** Deletes the file if it has not been given its name; what fails here is not the first error. */
  @Override
  public void close() {
    if (!committed) {
      try {
        out.close();
      } catch (IOException e) {
        LOG.debug("{}: not closed", temporary, e);
      }
      try {
        fileSystem.delete(temporary, false);
      } catch (IOException e) {
        LOG.warn("{}: not deleted, {}", temporary, e.getMessage());
      }
    }
  }
}
