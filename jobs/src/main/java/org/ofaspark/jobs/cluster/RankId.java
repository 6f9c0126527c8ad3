package org.ofaspark.jobs.cluster;

import java.io.Serializable;
import java.util.UUID;
import java.util.stream.IntStream;

/**
 * Which rank a task is.
 *
 * @param group names the ranks that work together; every attempt of every segment has its own
 * @param rank this rank's number, from 0
 * @param worldSize number of ranks
 */
public record RankId(UUID group, int rank, int worldSize) implements Serializable {

  /**
   * Returns the other ranks, down from this one: the first to reach a rank is the one whose turn it
   * is to be added there.
   */
  IntStream peers() {
    return IntStream.range(1, worldSize).map(i -> Math.floorMod(rank - i, worldSize));
  }
}
