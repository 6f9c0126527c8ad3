package org.ofaspark.format;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * A tensor in a file: its bytes lie row-major and little endian, one after the other.
 *
 * @param entry name, type and shape
 * @param file where it is
 * @param offset its first byte in the file
 */
public record StoredTensor(TensorEntry entry, ByteSource file, long offset) {

  /**
   * Opens the tensor's data.
   *
   * @return exactly its bytes; an end before them is an error; the caller closes it
   * @throws IOException if reading fails
   */
  public InputStream open() throws IOException {
    InputStream in = file.open(offset);
    return new FilterInputStream(new TensorStream(in, entry, file.name())) {
      @Override
      public void close() throws IOException {
        in.close();
      }
    };
  }

  /**
   * Tells whether two names stand for the same bytes of a file.
   *
   * @param other the tensor of the other name
   */
  public boolean isStoredWith(StoredTensor other) {
    return file == other.file
        && offset == other.offset
        && entry.dtype() == other.entry.dtype()
        && entry.shape().equals(other.entry.shape());
  }
}
