package org.ofaspark.jobs.cluster;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.ofaspark.collective.Range;
import org.ofaspark.tensor.FlatVector;
import org.ofaspark.tensor.TorchRuntime;

/**
 * A flat vector in host memory that sockets read and write: the vector's own memory if it lies on
 * the host, else a copy that is kept from one operation to the next, in memory of the engine, which
 * Java neither counts nor leaves to its garbage collector. Positions count floats.
 */
final class HostVector implements AutoCloseable {

  private static final long SEGMENT = FlatVector.MAX_RANGE;

  private final List<ByteBuffer> segments = new ArrayList<>();
  private final @Nullable NDManager copy;
  private final long size;

  /** Maps or makes room for a vector; a copy holds nothing yet. */
  HostVector(FlatVector vector) {
    this.copy = vector.isOnHost() ? null : TorchRuntime.newManager(Device.cpu());
    this.size = vector.size();
    FlatVector onHost = copy == null ? vector : FlatVector.zeros(copy, size);
    for (long from = 0; from < size; from += SEGMENT) {
      segments.add(onHost.map(from, Math.min(size, from + SEGMENT)));
    }
  }

  /** Tells whether {@link #load} and {@link #store} are needed. */
  boolean isCopy() {
    return copy != null;
  }

  long size() {
    return size;
  }

  /** Returns the memory of floats that do not cross a multiple of 2^28. */
  ByteBuffer slice(long from, long to) {
    ByteBuffer segment = segments.get((int) (from / SEGMENT));
    int start = (int) (from % SEGMENT) * Float.BYTES;
    return segment.slice(start, (int) (to - from) * Float.BYTES).order(ByteOrder.nativeOrder());
  }

  /** Copies a range from the device. */
  void load(FlatVector vector, Range range) {
    for (Range part : BulkOperation.cut(range, SEGMENT)) {
      vector.read(part.from(), slice(part.from(), part.to()));
    }
  }

  /** Copies a range to the device. */
  void store(FlatVector vector, Range range) {
    for (Range part : BulkOperation.cut(range, SEGMENT)) {
      vector.write(part.from(), slice(part.from(), part.to()));
    }
  }

  /** Frees the copy, if it is one, which nobody may read or write from here on. */
  @Override
  public void close() {
    if (copy != null) {
      copy.close();
    }
  }
}
