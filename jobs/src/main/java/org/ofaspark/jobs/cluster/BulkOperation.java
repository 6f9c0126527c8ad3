package org.ofaspark.jobs.cluster;

import java.util.ArrayList;
import java.util.List;
import org.ofaspark.collective.Range;
import org.ofaspark.collective.WireFormat;

/**
 * A reduce-scatter or all-gather, as all ranks know it. Positions count floats.
 *
 * @param sequence number of the collective operation, from 0
 * @param kind REDUCE or GATHER
 * @param format of the numbers that travel
 * @param size of the vector
 */
record BulkOperation(long sequence, Frame.Kind kind, WireFormat format, long size) {

  /** Floats of a message: 4 MiB as float32. */
  static final long CHUNK = 1L << 20;

  boolean isReduce() {
    return kind == Frame.Kind.REDUCE;
  }

  /** Returns what a rank sends when it has entered the operation. */
  Frame.Kind readiness() {
    return isReduce() ? Frame.Kind.READY_TO_REDUCE : Frame.Kind.READY_TO_GATHER;
  }

  /** Returns the range of a rank. */
  Range range(int rank, int worldSize) {
    return Range.of(rank, worldSize, size);
  }

  /**
   * Returns the messages that one rank sends to another: the sums of a reduce are the receiver's.
   */
  List<Range> messages(int sender, int receiver, int worldSize) {
    return cut(range(isReduce() ? receiver : sender, worldSize), CHUNK);
  }

  /** Cuts a range at the multiples of a number of floats. */
  static List<Range> cut(Range range, long multiple) {
    List<Range> parts = new ArrayList<>();
    for (long from = range.from(); from < range.to(); ) {
      long to = Math.min(range.to(), (from / multiple + 1) * multiple);
      parts.add(new Range(from, to));
      from = to;
    }
    return parts;
  }
}
