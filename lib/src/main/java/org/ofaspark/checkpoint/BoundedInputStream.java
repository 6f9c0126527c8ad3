package org.ofaspark.checkpoint;

import java.io.IOException;
import java.io.InputStream;

/** The next bytes of a stream, which stays open when this one is closed. */
final class BoundedInputStream extends InputStream {

  private final InputStream in;
  private long remaining;

  BoundedInputStream(InputStream in, long length) {
    this.in = in;
    this.remaining = length;
  }

  /** Returns how many bytes have not been read. */
  long remaining() {
    return remaining;
  }

  /** Reads and drops what is left, as far as the stream goes. */
  void skipRest() throws IOException {
    byte[] dropped = new byte[8192];
    int read = 0;
    while (remaining > 0 && read >= 0) {
      read = read(dropped);
    }
  }

  @Override
  public int read() throws IOException {
    if (remaining == 0) {
      return -1;
    }
    int value = in.read();
    remaining -= value < 0 ? 0 : 1;
    return value;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    if (remaining == 0) {
      return -1;
    }
    int read = in.read(target, offset, (int) Math.min(length, remaining));
    remaining -= Math.max(0, read);
    return read;
  }
}
