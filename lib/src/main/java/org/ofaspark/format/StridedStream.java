package org.ofaspark.format;

import java.io.IOException;
import java.io.InputStream;

/** The elements of a tensor in row-major order, whatever their order in the file. */
final class StridedStream extends InputStream {

  private final byte[] span;
  private final int size;
  private final int[] shape;
  private final int[] strides;
  private final int[] index;
  private int at;
  private int inElement;
  private long remaining;

  /**
   * Reads the part of the file that the tensor lies in.
   *
   * @param tensor a tensor with strides, not empty, that spans less than 2 GiB
   */
  StridedStream(StoredTensor tensor) throws IOException {
    this.span =
        ByteSource.read(tensor.file(), tensor.offset(), Math.toIntExact(tensor.spanBytes()));
    this.size = tensor.entry().dtype().bytes();
    this.shape = tensor.entry().shape().stream().mapToInt(Math::toIntExact).toArray();
    this.strides = tensor.strides().stream().mapToInt(Math::toIntExact).toArray();
    this.index = new int[shape.length];
    this.remaining = tensor.entry().bytes();
  }

  @Override
  public int read() {
    if (remaining == 0) {
      return -1;
    }
    int value = Byte.toUnsignedInt(span[at * size + inElement]);
    remaining--;
    inElement++;
    if (inElement == size) {
      inElement = 0;
      advance();
    }
    return value;
  }

  @Override
  public int read(byte[] target, int offset, int length) {
    int count = (int) Math.min(length, remaining);
    for (int i = 0; i < count; i++) {
      target[offset + i] = (byte) read();
    }
    return count == 0 && length > 0 ? -1 : count;
  }

  /** Goes on to the next element, the last axis first. */
  private void advance() {
    for (int axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]++;
      at += strides[axis];
      if (index[axis] < shape[axis]) {
        return;
      }
      at -= shape[axis] * strides[axis];
      index[axis] = 0;
    }
  }
}
