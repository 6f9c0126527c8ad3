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
 * What every rank needs to know of a segment.
 *
 * @param gang names this attempt
 * @param before names the attempt that the ranks go on from if they have kept its state, or null
 * @param recipeText the recipe, resolved
 * @param vocabularySize symbols of the dictionary
 * @param plan which examples make up which update
 * @param fromUpdate first update
 * @param toUpdate update after the last
 * @param totalUpdates updates of the run, which the schedule spans
 * @param skippedUpdates updates before the segment that moved no parameter
 * @param worldSize number of ranks
 * @param lossScale factor on the losses of the first update
 * @param weights the weights to start from, or null for random ones
 * @param optimizerFiles files of the optimizer's state to start from, by their paths; none for a
 *     new optimizer
 * @param ema the average of the weights to start from, or null to start it from the weights
 * @param checkpoint directory to write to at the end
 * @param metricsFile file of training metrics
 * @param stuckTimeout how long a rank may make no progress
 * @param monitor address of the driver's monitor
 * @param hadoop how to reach file systems
 */
record Segment(
    UUID gang,
    @Nullable UUID before,
    String recipeText,
    int vocabularySize,
    EpochPlan plan,
    long fromUpdate,
    long toUpdate,
    long totalUpdates,
    long skippedUpdates,
    int worldSize,
    LossScale lossScale,
    @Nullable ModelWeights weights,
    List<FileEntry> optimizerFiles,
    @Nullable ModelWeights ema,
    String checkpoint,
    String metricsFile,
    Duration stuckTimeout,
    String monitor,
    SerializableConfiguration hadoop)
    implements Serializable {}
