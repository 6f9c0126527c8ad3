package org.ofaspark.data;

import java.io.Serializable;
import org.ofaspark.config.Checks;

/**
 * Which examples make up which update, and which rank gets them: arithmetic on the positions of an
 * epoch's order. Updates are counted from 0 over the whole run, epochs from 1.
 *
 * <p>Update u of an epoch takes the positions from u x G, where G is the global batch; the last
 * update of an epoch takes what is left. Micro-batches are fixed slices of that order and are dealt
 * to ranks in turn, so the micro-batches of an update do not depend on the number of ranks, and
 * each rank makes every update, with no micro-batch if none is left for it.
 *
 * @param examples examples of an epoch
 * @param globalBatch G, examples of an update
 * @param batchSize examples of a micro-batch
 */
public record EpochPlan(long examples, int globalBatch, int batchSize) implements Serializable {

  /** Checks the values. */
  public EpochPlan {
    Checks.that("examples to train on", examples, examples > 0, "at least 1");
    Checks.atLeast("train.global-batch", globalBatch, 1);
    Checks.divides("train.batch-size", batchSize, globalBatch);
  }

  /** Returns the updates of an epoch. */
  public long updatesPerEpoch() {
    return (examples + globalBatch - 1) / globalBatch;
  }

  /**
   * Returns the updates of a run.
   *
   * @param maxEpoch epochs of the run
   * @param maxUpdate most updates; 0 is no limit
   */
  public long totalUpdates(int maxEpoch, long maxUpdate) {
    long all = Math.multiplyExact(updatesPerEpoch(), maxEpoch);
    return maxUpdate == 0 ? all : Math.min(all, maxUpdate);
  }

  /**
   * Returns the epoch of an update.
   *
   * @param update its number
   */
  public int epoch(long update) {
    return Math.toIntExact(update / updatesPerEpoch() + 1);
  }

  /**
   * Returns how many examples an update takes.
   *
   * @param update its number
   */
  public long examplesOf(long update) {
    return Math.min(globalBatch, examples - start(update));
  }

  /** Returns the first position of an update in its epoch. */
  private long start(long update) {
    return update % updatesPerEpoch() * globalBatch;
  }

  /**
   * Returns the micro-batches that a rank gets for an update.
   *
   * @param update its number
   * @param rank the rank
   * @param worldSize number of ranks
   */
  public int microBatchesOf(long update, int rank, int worldSize) {
    long all = (examplesOf(update) + batchSize - 1) / batchSize;
    return (int) ((all - rank + worldSize - 1) / worldSize);
  }

  /**
   * Returns the index of a sample, one use of an example, in the run: it grows with update,
   * micro-batch and sample.
   *
   * @param epoch the epoch
   * @param position in the epoch's order, from 0
   */
  public long sampleIndex(int epoch, long position) {
    return (epoch - 1) * examples + position;
  }

  /**
   * Returns the index of an update's first sample.
   *
   * @param update its number
   */
  public long firstSample(long update) {
    return sampleIndex(epoch(update), start(update));
  }

  /**
   * Returns the update that an example's use belongs to.
   *
   * @param sample see {@link #sampleIndex}
   */
  public long updateOf(long sample) {
    return sample / examples * updatesPerEpoch() + sample % examples / globalBatch;
  }

  /**
   * Returns the micro-batch, counted from 0 within its update, that an example's use belongs to.
   *
   * @param sample see {@link #sampleIndex}
   */
  public int microBatchOf(long sample) {
    return (int) (sample % examples % globalBatch / batchSize);
  }

  /**
   * Returns the rank that gets an example's use.
   *
   * @param sample see {@link #sampleIndex}
   * @param worldSize number of ranks
   */
  public int rankOf(long sample, int worldSize) {
    return microBatchOf(sample) % worldSize;
  }
}
