package org.ofaspark.jobs.storage;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.apache.hadoop.fs.FSError;

/**
 * A file that is being written and fails once: HDFS throws the same exception again from {@code
 * close}, which try-with-resources cannot add to itself. What Hadoop's local file system throws as
 * an error, a full disk above all, is an exception like those of others.
 */
final class OutputFile extends FilterOutputStream {

  private boolean hasFailed;

  OutputFile(OutputStream file) {
    super(file);
  }

  @Override
  public void write(int value) throws IOException {
    write(new byte[] {(byte) value}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    try {
      out.write(bytes, offset, length);
    } catch (IOException | FSError e) {
      hasFailed = true;
      throw exception(e);
    }
  }

  @Override
  public void flush() throws IOException {
    try {
      out.flush();
    } catch (IOException | FSError e) {
      hasFailed = true;
      throw exception(e);
    }
  }

  @Override
  public void close() throws IOException {
    try {
      out.close();
    } catch (IOException | FSError e) {
      if (!hasFailed) {
        hasFailed = true;
        throw exception(e);
      }
    }
  }

  private static IOException exception(Throwable failure) {
    return failure instanceof IOException known
        ? known
        : failure.getCause() instanceof IOException cause ? cause : new IOException(failure);
  }
}
