package org.ofaspark.format;

import java.io.IOException;
import java.io.InputStream;
import org.ofaspark.config.Text;

/** A file that can be read from any place: on a disk, on HDFS, in an object store. */
public interface ByteSource {

  /** Returns the file's name, for messages. */
  String name();

  /** Returns the size of the file in bytes. */
  long length();

  /**
   * Opens a part of the file.
   *
   * @param offset its first byte, 0 to {@link #length}
   * @return the bytes from there on, to the end of the file or further than the reader wants; the
   *     caller closes it
   * @throws IOException if reading fails
   */
  InputStream open(long offset) throws IOException;

  /**
   * Reads a small part of a file into memory.
   *
   * @param source the file
   * @param offset first byte
   * @param count how many bytes
   * @throws BadCheckpointException if the file does not hold them
   * @throws IOException if reading fails
   */
  static byte[] read(ByteSource source, long offset, int count) throws IOException {
    if (offset >= 0 && offset <= source.length()) {
      try (InputStream in = source.open(offset)) {
        byte[] bytes = in.readNBytes(count);
        if (bytes.length == count) {
          return bytes;
        }
      }
    }
    throw new BadCheckpointException(
        Text.format(
            "%s: ends within %d bytes at %d (expected: a whole file)",
            source.name(), count, offset));
  }
}
