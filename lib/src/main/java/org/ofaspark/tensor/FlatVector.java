package org.ofaspark.tensor;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.Checksum;

/**
 * A float32 vector on a device, with copies of ranges to and from host memory.
 *
 * <p>Sizes are 64-bit; a range of at most {@link #MAX_RANGE} values can be mapped or copied at
 * once. Not thread-safe for overlapping ranges.
 */
public final class FlatVector implements AutoCloseable {

  /** The most values one range can hold: a Java buffer addresses less than 2 GiB. */
  public static final long MAX_RANGE = 1L << 28;

  /** Values of a device that are copied at a time where the heap has to hold them. */
  private static final long COPIED_RANGE = 1L << 20;

  private final NDArray array;

  private FlatVector(NDArray array) {
    this.array = array;
  }

  /**
   * Allocates a vector of zeros.
   *
   * @param manager owner of the memory
   * @param size number of values
   */
  public static FlatVector zeros(NDManager manager, long size) {
    try (var scope = new Scope()) {
      return new FlatVector(scope.release(manager.zeros(new Shape(size), DataType.FLOAT32)));
    }
  }

  /**
   * Views an array as a vector.
   *
   * @param array float32, contiguous, shape (N); still owned by its scope and manager
   */
  public static FlatVector over(NDArray array) {
    if (array.getDataType() != DataType.FLOAT32 || array.getShape().dimension() != 1) {
      throw new IllegalArgumentException(
          "vector: %s %s (expected: float32 of one axis)"
              .formatted(array.getDataType(), array.getShape()));
    }
    return new FlatVector(array);
  }

  /** Returns the array itself, shape (N); owned by this vector. */
  public NDArray array() {
    return array;
  }

  /** Returns the number of values. */
  public long size() {
    return array.getShape().get(0);
  }

  /** Tells whether the memory is host memory, which {@link #map} can alias. */
  public boolean isOnHost() {
    return array.getDevice().getDeviceType().equals(Device.Type.CPU);
  }

  /**
   * Maps a range of host memory without copying; writing to the buffer writes to the vector.
   *
   * @param from first position
   * @param to position after the last, at most {@link #MAX_RANGE} later
   * @return a direct buffer in native order, valid as long as the vector is open
   */
  public ByteBuffer map(long from, long to) {
    if (!isOnHost()) {
      throw new IllegalStateException(array.getDevice() + ": not mapped (expected: host memory)");
    }
    try (NDArray range = range(from, to)) {
      return range.toByteBuffer(true).order(ByteOrder.nativeOrder());
    }
  }

  /**
   * Copies a range to the host.
   *
   * @param from first position
   * @param target receives as many float32 values as fit, in native order; its position advances
   */
  public void read(long from, ByteBuffer target) {
    long to = from + target.remaining() / Float.BYTES;
    Scope.run(() -> target.put(range(from, to).toByteBuffer(isOnHost())));
  }

  /**
   * Copies a range from the host.
   *
   * @param from first position
   * @param values float32 values in native order; its position advances
   */
  public void write(long from, ByteBuffer values) {
    long to = from + values.remaining() / Float.BYTES;
    if (isOnHost()) {
      map(from, to).put(values);
      return;
    }
    ByteBuffer direct = ByteBuffer.allocateDirect(values.remaining()).put(values).flip();
    try (NDArray range = range(from, to);
        NDArray copy = array.getManager().create(direct, new Shape(to - from), DataType.FLOAT32)) {
      copy.copyTo(range);
    }
  }

  /**
   * Adds all values to a checksum, bit for bit: in native order, 4 bytes each.
   *
   * @param checksum takes them in
   */
  public void addTo(Checksum checksum) {
    long step = isOnHost() ? MAX_RANGE : COPIED_RANGE;
    for (long from = 0; from < size(); from += step) {
      long start = from;
      Scope.run( // a copy from a device is an array of its own
          () -> {
            checksum.update(range(start, Math.min(size(), start + step)).toByteBuffer(isOnHost()));
            return checksum;
          });
    }
  }

  private NDArray range(long from, long to) {
    if (from < 0 || to < from || to > size() || to - from > MAX_RANGE) {
      throw new IllegalArgumentException(
          "range: %d to %d (expected: within 0 to %d, at most %d long)"
              .formatted(from, to, size(), MAX_RANGE));
    }
    return array.get(new NDIndex().addSliceDim(from, to));
  }

  @Override
  public void close() {
    array.close();
  }
}
