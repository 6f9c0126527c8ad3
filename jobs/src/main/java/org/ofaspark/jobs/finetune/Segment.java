package org.ofaspark.jobs.finetune;

import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.apache.spark.util.SerializableConfiguration;
import org.jspecify.annotations.Nullable;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.data.EpochPlan;
import org.ofaspark.jobs.cluster.ModelWeights;
import org.ofaspark.optim.LossScale;

/**
 * What every rank needs to know of a segment: the updates from one checkpoint to the next.
 *
 * @param attempt names this attempt, and the group of its ranks
 * @param recipeText the recipe, resolved
 * @param vocabularySize symbols of the dictionary
 * @param updates what to train on
 * @param start what to start from
 * @param output where results go
 */
record Segment(
    UUID attempt,
    String recipeText,
    int vocabularySize,
    Updates updates,
    Start start,
    Output output)
    implements Serializable {

  /**
   * The updates of a segment.
   *
   * @param epochs which examples make up which update
   * @param worldSize number of ranks that share them
   * @param from first update
   * @param to update after the last
   * @param total updates of the run, which the schedule spans
   */
  record Updates(EpochPlan epochs, int worldSize, long from, long to, long total)
      implements Serializable {}

  /**
   * The state before the first update: that of a checkpoint, or of a new run.
   *
   * @param cached names the attempt whose ranks may hold this state in memory, or null
   * @param skippedUpdates updates of the run so far that moved no parameter
   * @param lossScale factor on the losses of the first update
   * @param weights the weights, or null for random ones
   * @param optimizerFiles files of the optimizer's state, by their paths; none for a new optimizer
   * @param ema the average of the weights, or null to start it from the weights
   */
  record Start(
      @Nullable UUID cached,
      long skippedUpdates,
      LossScale lossScale,
      @Nullable ModelWeights weights,
      List<FileEntry> optimizerFiles,
      @Nullable ModelWeights ema)
      implements Serializable {}

  /**
   * Where ranks write and report to.
   *
   * @param checkpoint directory of the checkpoint, unfinished
   * @param metricsFile file of training metrics
   * @param monitor address of the driver's monitor
   * @param stuckTimeout how long a rank may make no progress before it is reported and ended
   * @param hadoop how to reach file systems
   */
  record Output(
      String checkpoint,
      String metricsFile,
      String monitor,
      Duration stuckTimeout,
      SerializableConfiguration hadoop)
      implements Serializable {}
}
