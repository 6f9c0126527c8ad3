package org.ofaspark.train;

import static org.ofaspark.config.Key.Product.WEIGHTS;

import java.time.Duration;
import org.ofaspark.collective.WireFormat;
import org.ofaspark.config.AllChecks;
import org.ofaspark.config.Key;
import org.ofaspark.config.Text;
import org.ofaspark.optim.LossScale;
import org.ofaspark.tensor.Precision;

/**
 * How long and in what portions a run trains, under upstream's words.
 *
 * @param maxEpoch how many times every example is used
 * @param maxUpdate most updates; 0 is no limit. The schedule spans the updates that are made
 * @param globalBatch samples of one update, of all ranks; upstream's workers x batch-size x
 *     update-freq
 * @param batchSize samples of a micro-batch
 * @param precision type that the network computes in
 * @param fp16InitScale first loss scale of fp16
 * @param fp16ScaleWindow updates without overflow after which the loss scale doubles
 * @param seed of dropout and of the order of examples
 * @param logInterval updates between two lines of training metrics
 * @param reportAccuracy whether those lines tell the share of target tokens that are the likeliest
 * @param validateIntervalUpdates updates between two validations; the end of the run always has one
 * @param saveIntervalUpdates updates between two checkpoints
 * @param keepLastCheckpoints how many of the newest checkpoints stay
 * @param keepBestCheckpoints how many of the best checkpoints stay
 * @param bestCheckpointMetric the validation metric that makes a checkpoint the best
 * @param maximizeBestCheckpointMetric whether more of it is better
 * @param maxFailures how many times the run resumes from its last checkpoint after a failure
 *     without a new one
 * @param collectivePrecision form in which gradients travel between ranks
 * @param collectiveTimeout heartbeat timeout between ranks
 */
public record TrainConfig(
    @Key(decides = WEIGHTS) int maxEpoch,
    @Key(decides = WEIGHTS) long maxUpdate,
    @Key(decides = WEIGHTS) int globalBatch,
    @Key(decides = WEIGHTS) int batchSize,
    @Key(decides = WEIGHTS) Precision precision,
    @Key(decides = {}) double fp16InitScale,
    @Key(decides = WEIGHTS) int fp16ScaleWindow,
    @Key(decides = WEIGHTS) long seed,
    @Key(decides = {}) int logInterval,
    @Key(decides = {}) boolean reportAccuracy,
    @Key(decides = {}) long validateIntervalUpdates,
    @Key(decides = {}) long saveIntervalUpdates,
    @Key(decides = {}) int keepLastCheckpoints,
    @Key(decides = {}) int keepBestCheckpoints,
    @Key(decides = {}) String bestCheckpointMetric,
    @Key(decides = {}) boolean maximizeBestCheckpointMetric,
    @Key(decides = {}) int maxFailures,
    @Key(decides = WEIGHTS) WireFormat collectivePrecision,
    @Key(decides = {}) Duration collectiveTimeout) {

  /** Checks every range. */
  public TrainConfig {
    new AllChecks()
        .atLeast("train.max-epoch", maxEpoch, 1)
        .atLeast("train.max-update", maxUpdate, 0)
        .atLeast("train.batch-size", batchSize, 1)
        .that(
            "train.global-batch",
            globalBatch,
            globalBatch > 0 && globalBatch % Math.max(1, batchSize) == 0,
            Text.format(
                "a multiple of train.batch-size, %d, such as %d",
                batchSize, multipleNear(globalBatch, Math.max(1, batchSize))))
        .that("train.fp16-init-scale", fp16InitScale, fp16InitScale > 0, "a number above 0")
        .atLeast("train.fp16-scale-window", fp16ScaleWindow, 1)
        .atLeast("train.log-interval", logInterval, 1)
        .atLeast("train.validate-interval-updates", validateIntervalUpdates, 1)
        .atLeast("train.save-interval-updates", saveIntervalUpdates, 1)
        .atLeast("train.keep-last-checkpoints", keepLastCheckpoints, 1)
        .atLeast("train.keep-best-checkpoints", keepBestCheckpoints, 1)
        .atLeast("train.max-failures", maxFailures, 0)
        .that(
            "train.collective-timeout",
            collectiveTimeout.toMillis() / 1000.0,
            collectiveTimeout.toSeconds() >= 1,
            "at least 1 second")
        .done();
  }

  private static int multipleNear(int number, int of) {
    return Math.max(1, number / of) * of;
  }

  /**
   * Returns what a trainer computes with.
   *
   * @param ema the moving average of the weights
   */
  public Numerics numerics(EmaConfig ema) {
    LossScale scale =
        precision == Precision.FP16
            ? new LossScale(fp16InitScale, fp16ScaleWindow, 0)
            : LossScale.NONE;
    return new Numerics(precision.type(), scale, ema.decay(), seed);
  }
}
