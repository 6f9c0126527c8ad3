package org.ofaspark.jobs.finetune;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.SparkException;
import org.jspecify.annotations.Nullable;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.config.Text;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.jobs.ApplicationEnd;
import org.ofaspark.jobs.ExplainedException;
import org.ofaspark.jobs.OfaProperties;
import org.ofaspark.jobs.OutageWait;
import org.ofaspark.jobs.cluster.FailureKind;
import org.ofaspark.jobs.cluster.LostExecutors;
import org.ofaspark.jobs.cluster.RankMonitor;
import org.ofaspark.jobs.cluster.RankReport;
import org.ofaspark.jobs.storage.FileSystemFailure;
import org.ofaspark.jobs.storage.WriterLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Retries what may fail with an executor, after 1, 5, 25 ... seconds. The kind of a failure, as its
 * rank reports it, decides:
 *
 * <ul>
 *   <li>settings and non-finite numbers end the run;
 *   <li>a file system that does not answer is waited for;
 *   <li>damage sends the run back to the last checkpoint that is good;
 *   <li>of the rest, {@code train.max-failures} without a new checkpoint are retried.
 * </ul>
 *
 * <p>The end of the application ends the run too. Driver; used by one thread.
 */
final class Retries {

  private static final Logger LOG = LoggerFactory.getLogger(Retries.class);

  private static final long MOST_PAUSE_SECONDS = 60;

  /** Storage that damages more checkpoints than this while a driver lives is not to be trusted. */
  private static final int MOST_DAMAGES = 10;

  /** How long the cluster manager may take to say why an executor is gone. */
  private static final Duration LOSS_WAIT = Duration.ofSeconds(10);

  private final RunContext context;
  private final WriterLock writer;
  private final RankMonitor monitor;
  private final LostExecutors lost;
  private final OutageWait outage;
  private int failures;
  private int damages;
  private long furthest;

  /** Work has failed for good. The message names the first cause that a rank has reported. */
  static final class SegmentFailedException extends ExplainedException {
    private static final long serialVersionUID = 1;

    SegmentFailedException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  Retries(RunContext context, WriterLock writer, RankMonitor monitor, LostExecutors lost) {
    this.context = context;
    this.writer = writer;
    this.monitor = monitor;
    this.lost = lost;
    this.outage = new OutageWait(context.sparkContext().getConf());
  }

  /**
   * Does work until it succeeds or has failed too often.
   *
   * @param what the work, for messages
   * @param from the checkpoint it starts from, or null
   * @param work the work
   * @return what the work has made; or the checkpoint before {@code from} that the run resumes
   *     from, as those after it are damaged and set aside: nothing if that is the start
   * @throws SegmentFailedException if it has failed too often, or will fail again
   * @throws IllegalArgumentException if a setting is wrong
   * @throws IllegalStateException if another process trains in the run's directory
   * @throws BadCheckpointException if the weights that the recipe names are not as they were
   *     written
   */
  Optional<Manifest> run(String what, @Nullable Manifest from, Callable<Manifest> work)
      throws BadCheckpointException {
    for (int attempt = 0; ; attempt++) {
      if (attempt > 0) {
        OutageWait.pause(Math.min(MOST_PAUSE_SECONDS, (long) Math.pow(5, attempt - 1)));
      }
      monitor.listenTo(null); // earlier reports are not of this attempt
      lost.forget();
      writer.requireHeld();
      try {
        Manifest done = work.call();
        succeeded(done);
        return Optional.of(done);
      } catch (Exception e) { // Spark's exceptions are checked and undeclared
        requireRunning(what, from, e);
        Optional<Manifest> good = mayBeDamage(e) ? lastGood(from) : Optional.ofNullable(from);
        if (updateOf(good.orElse(null)) != updateOf(from)) {
          requireFewDamages(e);
          return good;
        }
        if (from == null && e instanceof BadCheckpointException damaged) {
          throw damaged;
        }
        failed(what, from, e);
      }
    }
  }

  private static long updateOf(@Nullable Manifest from) {
    return from == null ? 0 : from.updateNumber();
  }

  /** Notes a success: a checkpoint that is newer than all before makes up for failures. */
  void succeeded(Manifest manifest) {
    outage.end();
    if (manifest.updateNumber() > furthest) {
      furthest = manifest.updateNumber();
      failures = 0;
    }
  }

  /** Returns the kind that a rank has reported, or else that of the driver's own failure. */
  private FailureKind kind(Exception failure) {
    FailureKind own = FailureKind.of(failure);
    return own == FailureKind.NON_FINITE
        ? own
        : monitor.firstFailure().map(RankReport.Failure::kind).orElse(own);
  }

  /** Tells whether a checkpoint may be damaged, also where a stage has failed without a report. */
  private boolean mayBeDamage(Exception failure) {
    boolean isUnknown =
        failure instanceof SparkException
            && failure.getCause() == null
            && monitor.firstFailure().isEmpty();
    return isUnknown || kind(failure) == FailureKind.DAMAGE;
  }

  /** Returns the last good checkpoint, or where the work started from if none can be read now. */
  private Optional<Manifest> lastGood(@Nullable Manifest from) {
    try {
      return context.checkpoints().lastGood();
    } catch (IOException e) {
      LOG.warn("The checkpoints cannot be checked: {}", String.valueOf(e.getMessage()));
      return Optional.ofNullable(from);
    }
  }

  private void requireFewDamages(Exception failure) {
    if (++damages > MOST_DAMAGES) {
      throw new SegmentFailedException(
          Text.format(
              "%s: %d damaged checkpoints (expected: at most %d); check what stores them",
              context.run().path(), damages, MOST_DAMAGES),
          failure);
    }
  }

  /**
   * Returns if failed work is to be retried, and a file system that was away is back.
   *
   * @param what the work, for messages
   * @param from the checkpoint it starts from, or null
   * @param failure how it has ended
   * @throws SegmentFailedException if it has failed too often, or will fail again
   * @throws IllegalArgumentException if a setting is wrong
   */
  void failed(String what, @Nullable Manifest from, Exception failure) {
    requireRunning(what, from, failure);
    Optional<RankReport.Failure> ofRank = monitor.firstFailure();
    FailureKind kind = kind(failure);
    if (kind == FailureKind.SETTINGS
        && ofRank.isEmpty()
        && failure instanceof IllegalArgumentException setting) {
      throw setting;
    }
    String cause = cause(ofRank, kind, failure);
    if (kind == FailureKind.OUTAGE) {
      awaitFileSystem(what, from, cause, failure);
      return;
    }
    failures++;
    int maxFailures = context.recipe().train().maxFailures();
    boolean isHopeless = kind == FailureKind.NON_FINITE || kind == FailureKind.SETTINGS;
    if (isHopeless || failures > maxFailures) {
      throw new SegmentFailedException(
          Text.format("%s failed after update %d: %s", what, updateOf(from), cause), failure);
    }
    LOG.warn(
        "Failure {} of at most {} without a new checkpoint: {}; {} resumes from update {}",
        failures,
        maxFailures,
        cause,
        what,
        updateOf(from));
  }

  /** Ends work that somebody has ended: a retry is of no use, whatever it has thrown. */
  private void requireRunning(String what, @Nullable Manifest from, Exception failure) {
    Optional<String> end = ApplicationEnd.cause(failure);
    if (end.isPresent() || context.sparkContext().isStopped()) {
      throw new SegmentFailedException(
          Text.format(
              "%s stopped after update %d: %s; kept: %s; the same command resumes from there",
              what,
              updateOf(from),
              end.orElse("its application was stopped or killed"),
              from == null ? "no checkpoint yet" : context.run().checkpoint(from.updateNumber())),
          failure);
    }
    ApplicationEnd.shortage(failure)
        .ifPresent(
            shortage -> {
              throw new SegmentFailedException(Text.format("%s: %s", what, shortage), failure);
            });
  }

  /** Returns what went wrong, with what the cluster manager says of executors that are gone. */
  private String cause(Optional<RankReport.Failure> ofRank, FailureKind kind, Exception failure) {
    Optional<String> known =
        ofRank.map(RankReport.Failure::text).or(() -> FileSystemFailure.sentence(failure));
    boolean mayBeLost = kind == FailureKind.LOST || ofRank.isEmpty();
    String losses = lost.text(monitor.ranks(), mayBeLost ? LOSS_WAIT : Duration.ZERO);
    String message = String.valueOf(failure.getMessage());
    if (losses.isEmpty()) {
      return known.orElse(message);
    }
    boolean isNothingElse = known.isEmpty() && message.contains("ExecutorLostFailure");
    return isNothingElse ? losses : known.orElse(message) + "; " + losses;
  }

  /** Waits until run-dir can be written to again. */
  private void awaitFileSystem(
      String what, @Nullable Manifest from, String cause, Exception failure) {
    String text = Text.format("%s; %s resumes from update %d", cause, what, updateOf(from));
    while (true) {
      requireRunning(what, from, failure);
      if (!outage.goesOn(text)) {
        throw new SegmentFailedException(
            Text.format(
                "%s failed after update %d: %s (for %d s, %s); the same command resumes from there",
                what, updateOf(from), cause, outage.seconds(), OfaProperties.OUTAGE_WAIT),
            failure);
      }
      try {
        context.files().probe(context.run().path());
        return;
      } catch (IOException e) {
        LOG.debug("{}: not yet", context.run().path(), e);
      }
      OutageWait.pause(1);
    }
  }
}
