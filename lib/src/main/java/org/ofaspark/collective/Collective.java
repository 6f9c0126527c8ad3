package org.ofaspark.collective;

import java.util.List;
import org.ofaspark.tensor.FlatVector;

/**
 * The operations that the ranks of a group make together. Every rank calls the same operations in
 * the same order; each waits for the others, for a limited time.
 *
 * <p>Sums are made in an order that depends on nothing but the world size, so that the same run
 * gives the same bits each time. Used by one thread of each rank.
 */
public interface Collective extends AutoCloseable {

  /** Returns this worker's number, 0 to worldSize - 1. */
  int rank();

  /** Returns the number of ranks. */
  int worldSize();

  /**
   * Sums vectors of equal size over all ranks; each rank gets the sum of its own range.
   *
   * @param vector this rank's vector; on return its range {@link Range#of}(rank, worldSize, size)
   *     holds the sum, and the rest of it is undefined
   * @throws CollectiveException if a rank is lost, late or does something else
   */
  void reduceScatter(FlatVector vector);

  /**
   * Collects every rank's range of a vector.
   *
   * @param vector this rank's vector, of which its own range is up to date; on return all of it is
   * @throws CollectiveException if a rank is lost, late or does something else
   */
  void allGather(FlatVector vector);

  /**
   * Collects one array of each rank.
   *
   * @param values this rank's array, of any length; meant for some thousands of numbers
   * @return every rank's array, in the order of ranks, the same on all ranks
   * @throws CollectiveException if a rank is lost, late or does something else
   */
  List<float[]> allGather(float[] values);

  /**
   * Sums arrays of equal length over all ranks.
   *
   * @param values this rank's numbers
   * @return the sums, the same on all ranks to the bit
   * @throws CollectiveException if a rank is lost, late or does something else
   */
  double[] allReduce(double... values);

  /** Leaves the group; a later call fails on the ranks that stay. */
  @Override
  void close();
}
