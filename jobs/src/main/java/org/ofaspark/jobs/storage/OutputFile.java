package org.ofaspark.jobs.storage;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/**
 * A file that is being written and fails once: HDFS throws the same exception again from {@code
 * close}, which try-with-resources cannot add to itself.
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
    } catch (IOException e) {
      hasFailed = true;
      throw e;
    }
  }

  @Override
  public void flush() throws IOException {
    try {
      out.flush();
    } catch (IOException e) {
      hasFailed = true;
      throw e;
    }
  }

  @Override
  public void close() throws IOException {
    try {
      out.close();
    } catch (IOException e) {
      if (!hasFailed) {
        hasFailed = true;
        throw e;
      }
    }
  }
}
