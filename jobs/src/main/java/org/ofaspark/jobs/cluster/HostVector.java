package org.ofaspark.jobs.cluster;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.ofaspark.collective.Range;
import org.ofaspark.tensor.FlatVector;

/**
 * A flat vector in host memory that sockets read and write: the vector's own memory if it lies on
 * the host, else a copy that is kept from one operation to the next. Positions count floats.
 */
final class HostVector {

  private static final long SEGMENT = FlatVector.MAX_RANGE;

  private final List<ByteBuffer> segments = new ArrayList<>();
  private final boolean isCopy;
  private final long size;

  /** Maps or makes room for a vector; a copy holds nothing yet. */
  HostVector(FlatVector vector) {
    this.isCopy = !vector.isOnHost();
    this.size = vector.size();
    for (long from = 0; from < vector.size(); from += SEGMENT) {
      long to = Math.min(vector.size(), from + SEGMENT);
      segments.add(
          isCopy
              ? ByteBuffer.allocateDirect((int) (to - from) * Float.BYTES)
              : vector.map(from, to));
    }
  }

  /** Tells whether {@link #load} and {@link #store} are needed. */
  boolean isCopy() {
    return isCopy;
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
    for (Range part : parts(range)) {
      vector.read(part.from(), slice(part.from(), part.to()));
    }
  }

  /** Copies a range to the device. */
  void store(FlatVector vector, Range range) {
    for (Range part : parts(range)) {
      vector.write(part.from(), slice(part.from(), part.to()));
    }
  }

  private static List<Range> parts(Range range) {
    return chunks(range, SEGMENT);
  }

  /** Cuts a range at the multiples of a number of floats. */
  static List<Range> chunks(Range range, long size) {
    List<Range> chunks = new ArrayList<>();
    for (long from = range.from(); from < range.to(); ) {
      long to = Math.min(range.to(), (from / size + 1) * size);
      chunks.add(new Range(from, to));
      from = to;
    }
    return chunks;
  }
}
