package org.ofaspark.collective;

/**
 * A rank's part of a flat vector.
 *
 * @param from first position
 * @param to position after the last
 */
public record Range(long from, long to) {

  /** Ranges begin at multiples of this many values, one cache line of float32. */
  private static final long ALIGNMENT = 16;

  /** Returns the number of positions. */
  public long size() {
    return to - from;
  }

  /**
   * Returns the range of a rank: equal parts in the order of ranks, the last one shorter.
   *
   * @param rank the rank
   * @param worldSize number of ranks
   * @param size length of the vector
   */
  public static Range of(int rank, int worldSize, long size) {
    long share = (size + worldSize - 1) / worldSize;
    long aligned = (share + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return new Range(Math.min(size, rank * aligned), Math.min(size, (rank + 1) * aligned));
  }
}
