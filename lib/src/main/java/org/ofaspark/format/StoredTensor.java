package org.ofaspark.format;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/**
 * A tensor in a file, little endian.
 *
 * @param entry name, type and shape
 * @param file where it is
 * @param offset its first byte in the file
 * @param strides for each axis, elements from one entry to the next; none if they lie row-major,
 *     one after the other
 */
public record StoredTensor(TensorEntry entry, ByteSource file, long offset, List<Long> strides) {

  /** Copies the strides. */
  public StoredTensor {
    strides = List.copyOf(strides);
  }

  /**
   * Describes a row-major tensor.
   *
   * @param entry name, type and shape
   * @param file where it is
   * @param offset its first byte in the file
   */
  public StoredTensor(TensorEntry entry, ByteSource file, long offset) {
    this(entry, file, offset, List.of());
  }

  /**
   * Returns this tensor by another name.
   *
   * @param name the name
   */
  public StoredTensor renamed(String name) {
    return new StoredTensor(
        new TensorEntry(name, entry.dtype(), entry.shape()), file, offset, strides);
  }

  /**
   * Opens the tensor's data. One that is not row-major is held in memory while it is open.
   *
   * @return exactly its bytes, row-major; an end before them is an error; the caller closes it
   * @throws IOException if reading fails
   */
  public InputStream open() throws IOException {
    if (!strides.isEmpty()) {
      return new StridedStream(this);
    }
    InputStream in = file.open(offset);
    return new FilterInputStream(new TensorStream(in, entry, file.name())) {
      @Override
      public void close() throws IOException {
        in.close();
      }
    };
  }

  /** Returns how many bytes of the file lie between its first element and the end of its last. */
  long spanBytes() {
    long last = 0;
    for (int i = 0; i < strides.size(); i++) {
      last += (entry.shape().get(i) - 1) * strides.get(i);
    }
    return (last + 1) * entry.dtype().bytes();
  }

  /**
   * Tells whether two names stand for the same bytes of a file.
   *
   * @param other the tensor of the other name
   */
  public boolean isStoredWith(StoredTensor other) {
    return file == other.file
        && offset == other.offset
        && strides.equals(other.strides)
        && entry.dtype() == other.entry.dtype()
        && entry.shape().equals(other.entry.shape());
  }
}
