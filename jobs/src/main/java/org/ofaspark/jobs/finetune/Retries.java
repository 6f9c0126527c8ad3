package org.ofaspark.jobs.finetune;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.apache.spark.SparkContext;
import org.jspecify.annotations.Nullable;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.ApplicationEnd;
import org.ofaspark.jobs.OfaProperties;
import org.ofaspark.jobs.OutageWait;
import org.ofaspark.jobs.cluster.FailureKind;
import org.ofaspark.jobs.cluster.GangMonitor;
import org.ofaspark.jobs.cluster.GangMonitor.RankFailure;
import org.ofaspark.jobs.cluster.LostExecutors;
import org.ofaspark.jobs.storage.FileSystemFailure;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.RunDirectory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which failures of a run are tried again: {@code train.max-failures} of them without a new
 * checkpoint. Waiting for a file system that does not answer is none; a failure of numbers or
 * settings, and the end of the application, are not tried again. Driver; used by one thread.
 */
final class Retries {

  private static final Logger LOG = LoggerFactory.getLogger(Retries.class);

  /** How long the cluster manager may take to say why an executor is gone. */
  private static final Duration LOSS_WAIT = Duration.ofSeconds(10);

  private final SparkContext context;
  private final HadoopFiles files;
  private final RunDirectory run;
  private final int maxFailures;
  private final GangMonitor monitor;
  private final LostExecutors lost;
  private final OutageWait outage;
  private int failures;
  private long furthest;

  Retries(
      SparkContext context,
      HadoopFiles files,
      RunDirectory run,
      int maxFailures,
      GangMonitor monitor,
      LostExecutors lost) {
    this.context = context;
    this.files = files;
    this.run = run;
    this.maxFailures = maxFailures;
    this.monitor = monitor;
    this.lost = lost;
    this.outage = new OutageWait(context.getConf());
  }

  /** Forgets the reports of earlier attempts. */
  void begin() {
    monitor.listenTo(null);
    lost.forget();
  }

  /** Notes a success: a checkpoint that is newer than all before makes up for failures. */
  void succeeded(Manifest manifest) {
    outage.end();
    if (manifest.updateNumber() > furthest) {
      furthest = manifest.updateNumber();
      failures = 0;
    }
  }

  /**
   * Comes to a decision on a failure: returns if the work is to be done again, and a file system
   * that was away is back.
   *
   * @param what the work, for messages
   * @param from the checkpoint it starts from, or null
   * @param failure how it has ended
   * @throws SegmentFailedException if it has failed too often, or will fail again
   * @throws IllegalArgumentException if a setting is wrong
   */
  void failed(String what, @Nullable Manifest from, Exception failure) {
    requireApplication(what, from, failure);
    ApplicationEnd.shortage(failure)
        .ifPresent(
            shortage -> {
              throw new SegmentFailedException(Text.format("%s: %s", what, shortage), failure);
            });
    Optional<RankFailure> ofRank = monitor.firstFailure();
    if (failure instanceof IllegalArgumentException setting
        && ofRank.isEmpty()
        && FailureKind.of(failure) == FailureKind.SETTINGS) {
      throw setting;
    }
    long update = from == null ? 0 : from.updateNumber();
    FailureKind kind =
        failure instanceof NumericFailureException
            ? FailureKind.NUMERIC
            : ofRank.map(RankFailure::kind).orElseGet(() -> FailureKind.of(failure));
    String cause = cause(ofRank, kind, failure);
    if (kind == FailureKind.OUTAGE) {
      awaitFileSystem(what, from, cause, failure);
      return;
    }
    failures++;
    boolean isHopeless = kind == FailureKind.NUMERIC || kind == FailureKind.SETTINGS;
    if (isHopeless || failures > maxFailures) {
      throw new SegmentFailedException(
          Text.format("%s failed after update %d: %s", what, update, cause), failure);
    }
    LOG.warn(
        "Failure {} of at most {} without a new checkpoint: {}; {} resumes from update {}",
        failures,
        maxFailures,
        cause,
        what,
        update);
  }

  /** Ends work whose application has ended: to try again is of no use, whatever it has thrown. */
  private void requireApplication(String what, @Nullable Manifest from, Exception failure) {
    Optional<String> end = ApplicationEnd.cause(failure);
    if (end.isPresent() || context.isStopped()) {
      throw new SegmentFailedException(
          Text.format(
              "%s stopped after update %d: %s; kept: %s; the same command resumes from there",
              what,
              from == null ? 0 : from.updateNumber(),
              end.orElse("its application was stopped or killed"),
              from == null ? "no checkpoint yet" : run.checkpoint(from.updateNumber())),
          failure);
    }
  }

  /** Returns what went wrong, with what the cluster manager says of executors that are gone. */
  private String cause(Optional<RankFailure> ofRank, FailureKind kind, Exception failure) {
    Optional<String> told =
        ofRank.map(RankFailure::text).or(() -> FileSystemFailure.sentence(failure));
    boolean mayBeLost = kind == FailureKind.LOST || ofRank.isEmpty();
    String losses = lost.text(monitor.ranks(), mayBeLost ? LOSS_WAIT : Duration.ZERO);
    String message = String.valueOf(failure.getMessage());
    if (losses.isEmpty()) {
      return told.orElse(message);
    }
    boolean isNothingElse = told.isEmpty() && message.contains("ExecutorLostFailure");
    return isNothingElse ? losses : told.orElse(message) + "; " + losses;
  }

  /** Waits until run-dir can be written to again. */
  private void awaitFileSystem(
      String what, @Nullable Manifest from, String cause, Exception failure) {
    long update = from == null ? 0 : from.updateNumber();
    String text = Text.format("%s; %s resumes from update %d", cause, what, update);
    while (true) {
      requireApplication(what, from, failure);
      if (!outage.goesOn(text)) {
        throw new SegmentFailedException(
            Text.format(
                "%s failed after update %d: %s (for %d s, %s); the same command resumes from there",
                what, update, cause, outage.seconds(), OfaProperties.OUTAGE_WAIT),
            failure);
      }
      try {
        files.probe(run.path());
        return;
      } catch (IOException e) {
        LOG.debug("{}: not yet", run.path(), e);
      }
      OutageWait.pause(1);
    }
  }
}
