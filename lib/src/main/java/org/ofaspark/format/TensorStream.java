package org.ofaspark.format;

import java.io.IOException;
import java.io.InputStream;
import org.ofaspark.config.Text;

/**
 * The data of one tensor: the next bytes of its file, which stays open. A file that ends within
 * them is an error, so that a reader who asks for no more than the tensor's size gets all of it.
 */
final class TensorStream extends InputStream {

  private final InputStream in;
  private final TensorEntry tensor;
  private final String file;
  private long remaining;

  /**
   * Begins at a tensor.
   *
   * @param in the file, at the tensor's first byte
   * @param tensor which one
   * @param file the file's name, for messages
   */
  TensorStream(InputStream in, TensorEntry tensor, String file) {
    this.in = in;
    this.tensor = tensor;
    this.file = file;
    this.remaining = tensor.bytes();
  }

  /** Reads and drops what is left of the tensor. */
  void skipRest() throws IOException {
    byte[] dropped = new byte[8192];
    while (remaining > 0) {
      count(in.read(dropped, 0, (int) Math.min(dropped.length, remaining)));
    }
  }

  @Override
  public int read() throws IOException {
    if (remaining == 0) {
      return -1;
    }
    int value = in.read();
    count(value < 0 ? -1 : 1);
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
    count(read);
    return read;
  }

  private void count(int read) throws BadCheckpointException {
    if (read < 0) {
      throw new BadCheckpointException(
          Text.format(
              "%s: tensor %s: ends %d bytes early (expected: %d bytes)",
              file, Printable.text(tensor.name()), remaining, tensor.bytes()));
    }
    remaining -= read;
  }
}
