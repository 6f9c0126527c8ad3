package org.ofaspark.tensor;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import java.util.zip.Checksum;
import org.ofaspark.config.Text;

/**
 * A float32 vector on a device, with copies of ranges to and from host memory.
 *
 * <p>Sizes are 64-bit; a range of at most {@link #MAX_RANGE} values can be mapped or copied at
 * once. Not thread-safe for overlapping ranges.
 */
public final class FlatVector implements AutoCloseable {

  /** The most values one range can hold: a Java buffer addresses less than 2 GiB. */
  public static final long MAX_RANGE = 1L << 28;

  /** Values that are copied at a time, 64 MiB. */
  private static final long COPIED_RANGE = 1L << 24;

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
          Text.format(
              "vector: %s %s (expected: float32 of one axis)",
              array.getDataType(), array.getShape()));
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
   * @param target a direct buffer that receives as many float32 values as fit, in native order; its
   *     position advances
   */
  public void read(long from, ByteBuffer target) {
    copy(from, target, (own, host) -> ScriptedOps.copy(host, own));
  }

  /**
   * Copies a range from the host.
   *
   * @param from first position
   * @param values a direct buffer of float32 values in native order; its position advances
   */
  public void write(long from, ByteBuffer values) {
    copy(from, values, ScriptedOps::copy);
  }

  /** Lets the engine copy between the vector and a buffer, without memory of its own. */
  private void copy(long from, ByteBuffer buffer, BiConsumer<NDArray, NDArray> copier) {
    if (!buffer.isDirect()) {
      throw new IllegalArgumentException(
          "buffer: in the heap (expected: a direct one, which the engine can read and write)");
    }
    long count = buffer.remaining() / Float.BYTES;
    check(from, from + count);
    Supplier<ByteBuffer> parts =
        () -> {
          try (NDManager host = array.getManager().newSubManager(Device.cpu())) {
            for (long done = 0; done < count; done += COPIED_RANGE) {
              long end = Math.min(count, done + COPIED_RANGE);
              int start = buffer.position() + (int) done * Float.BYTES;
              ByteBuffer part = buffer.slice(start, (int) (end - done) * Float.BYTES);
              try (NDArray own = range(from + done, from + end);
                  NDArray memory = host.create(part, own.getShape(), DataType.FLOAT32)) {
                copier.accept(own, memory);
              }
            }
          }
          return buffer.position(buffer.position() + (int) count * Float.BYTES);
        };
    Autograd.withoutRecording(() -> Scope.run(parts));
  }

  /**
   * Adds all values to a checksum, bit for bit: in native order, 4 bytes each.
   *
   * @param checksum takes them in
   */
  public void addTo(Checksum checksum) {
    if (isOnHost()) {
      for (long from = 0; from < size(); from += MAX_RANGE) {
        checksum.update(map(from, Math.min(size(), from + MAX_RANGE)));
      }
    } else if (size() > 0) {
      addCopiesTo(checksum);
    }
  }

  /** Reads one part after another into memory of the engine, which is freed at once. */
  private void addCopiesTo(Checksum checksum) {
    var shape = new Shape(Math.min(size(), COPIED_RANGE));
    Supplier<Checksum> parts =
        () -> {
          try (NDManager host = array.getManager().newSubManager(Device.cpu())) {
            ByteBuffer room = host.create(shape, DataType.FLOAT32).toByteBuffer(true);
            for (long from = 0; from < size(); from += COPIED_RANGE) {
              long count = Math.min(COPIED_RANGE, size() - from);
              read(from, room.clear().limit((int) count * Float.BYTES));
              checksum.update(room.flip());
            }
          }
          return checksum;
        };
    Scope.run(parts);
  }

  private NDArray range(long from, long to) {
    check(from, to);
    return array.get(new NDIndex().addSliceDim(from, to));
  }

  private void check(long from, long to) {
    if (from < 0 || to < from || to > size() || to - from > MAX_RANGE) {
      throw new IllegalArgumentException(
          Text.format(
              "range: %d to %d (expected: within 0 to %d, at most %d long)",
              from, to, size(), MAX_RANGE));
    }
  }

  @Override
  public void close() {
    array.close();
  }
}
