package org.ofaspark.jobs.storage;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.ofaspark.format.ByteSource;

/** A file on any file system of Hadoop, each part opened by a seek of its own. */
final class HadoopByteSource implements ByteSource {

  private static final int BUFFER_BYTES = 1 << 16;

  private final FileSystem fileSystem;
  private final Path path;
  private final long length;

  HadoopByteSource(FileSystem fileSystem, Path path) throws IOException {
    this.fileSystem = fileSystem;
    this.path = path;
    this.length = fileSystem.getFileStatus(path).getLen();
  }

  @Override
  public String name() {
    return path.getName();
  }

  @Override
  public long length() {
    return length;
  }

  @Override
  public InputStream open(long offset) throws IOException {
    FSDataInputStream in = fileSystem.open(path);
    try {
      in.seek(offset);
    } catch (IOException | RuntimeException e) {
      try {
        in.close();
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
    return new BufferedInputStream(in, BUFFER_BYTES);
  }
}
