package org.ofaspark.jobs.finetune;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.hdfs.BlockMissingException;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.util.SerializableConfiguration;
import org.jspecify.annotations.Nullable;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.checkpoint.OptimizerFiles;
import org.ofaspark.config.Text;
import org.ofaspark.data.EpochPlan;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.jobs.OfaProperties;
import org.ofaspark.jobs.OutageWait;
import org.ofaspark.jobs.cluster.BarrierStage;
import org.ofaspark.jobs.cluster.ExecutorWait;
import org.ofaspark.jobs.cluster.GangMonitor;
import org.ofaspark.jobs.cluster.GangMonitor.RankFailure;
import org.ofaspark.jobs.cluster.ModelBroadcast;
import org.ofaspark.jobs.cluster.ModelFiles;
import org.ofaspark.jobs.cluster.ModelWeights;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.jobs.storage.WriterLock;
import org.ofaspark.optim.LossScale;
import org.ofaspark.recipe.Recipe;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;

/**
 * Runs the segments of a run, each a barrier stage from one checkpoint to the next, and again if
 * one fails, after 1, 5, 25 ... seconds, as long as {@link Retries} let it. After a failure that
 * may come from a damaged checkpoint the run resumes from the last one that is good. Driver; used
 * by one thread.
 */
final class SegmentRunner {

  private static final Logger LOG = LoggerFactory.getLogger(SegmentRunner.class);

  private static final long MOST_PAUSE_SECONDS = 60;

  /** Storage that damages more checkpoints than this while a driver lives is not to be trusted. */
  private static final int MOST_DAMAGES = 10;

  /** What tells that a file is not what was written. */
  private static final List<Class<?>> DAMAGES =
      List.of(BadCheckpointException.class, ChecksumException.class, BlockMissingException.class);

  private final JavaSparkContext context;
  private final HadoopFiles files;
  private final RunDirectory run;
  private final Checkpoints checkpoints;
  private final WriterLock writer;
  private final Recipe recipe;
  private final int worldSize;
  private final int vocabularySize;
  private final EpochPlan plan;
  private final long total;
  private final SegmentRows rows;
  private final RunRankings rankings;
  private final GangMonitor monitor;
  private final Retries retries;
  private Optional<Gang> gang = Optional.empty();
  private SegmentTimes times = SegmentTimes.NONE;
  private int damages;

  /**
   * The ranks that have ended a segment and may have kept their states.
   *
   * @param attempt names the segment's attempt
   * @param update that they are at
   * @param places of their executors, in the order of ranks
   * @param ended when, of System.nanoTime
   */
  private record Gang(UUID attempt, long update, List<String> places, long ended) {

    static Gang of(Segment segment, List<RankTask.Result> results) {
      List<String> places = results.stream().map(RankTask.Result::place).toList();
      return new Gang(segment.gang(), segment.toUpdate(), places, System.nanoTime());
    }

    /** Tells whether the ranks are likely to have what a segment starts from. */
    boolean hasKept(long start) {
      return update == start && System.nanoTime() - ended < StateCache.LONGEST.toNanos();
    }
  }

  SegmentRunner(
      JavaSparkContext context,
      HadoopFiles files,
      RunDirectory run,
      Checkpoints checkpoints,
      WriterLock writer,
      Recipe recipe,
      int worldSize,
      int vocabularySize,
      EpochPlan plan,
      long total,
      SegmentRows rows,
      RunRankings rankings,
      GangMonitor monitor,
      Retries retries) {
    this.context = context;
    this.files = files;
    this.run = run;
    this.checkpoints = checkpoints;
    this.writer = writer;
    this.recipe = recipe;
    this.worldSize = worldSize;
    this.vocabularySize = vocabularySize;
    this.plan = plan;
    this.total = total;
    this.rows = rows;
    this.rankings = rankings;
    this.monitor = monitor;
    this.retries = retries;
  }

  /** Returns what the segments that have succeeded so far have taken. */
  SegmentTimes times() {
    return times;
  }

  /**
   * Trains from a checkpoint, or from the start, to the next one.
   *
   * @return where the run is now, see {@link #again}
   */
  Optional<Manifest> next(@Nullable Manifest from) throws IOException {
    return again("training", from, () -> attempt(from));
  }

  /**
   * Does what may fail with an executor, until it succeeds or has failed too often.
   *
   * @param what the work, for messages
   * @param from the checkpoint it starts from, or null
   * @param work the work
   * @return what the work has made; or the checkpoint before {@code from} that the run has to go on
   *     from, as those after it are damaged and set aside: nothing if that is the start
   * @throws SegmentFailedException if it has failed too often, or will fail again
   * @throws IllegalArgumentException if a setting is wrong
   * @throws IllegalStateException if another process trains in the run's directory
   * @throws BadCheckpointException if the weights that the recipe names are not as they were
   *     written
   */
  Optional<Manifest> again(String what, @Nullable Manifest from, Callable<Manifest> work)
      throws BadCheckpointException {
    for (int attempt = 0; ; attempt++) {
      pauseBefore(attempt);
      retries.begin();
      writer.requireHeld();
      try {
        Manifest done = work.call();
        retries.succeeded(done);
        return Optional.of(done);
      } catch (Exception e) { // Spark's exceptions are checked and undeclared
        if (tellsOfDamage(e)) {
          Optional<Manifest> good = lastGood(from);
          long update = from == null ? 0 : from.updateNumber();
          if (good.map(Manifest::updateNumber).orElse(0L) != update) {
            requireFewDamages(e);
            return good;
          }
          if (e instanceof BadCheckpointException damaged && from == null) {
            throw damaged;
          }
        }
        retries.failed(what, from, e);
      }
    }
  }

  private boolean tellsOfDamage(Exception failure) {
    var words = new StringBuilder(monitor.firstFailure().map(RankFailure::text).orElse(""));
    for (Throwable each = failure; each != null; each = each.getCause()) {
      words.append(each);
    }
    return DAMAGES.stream().anyMatch(type -> words.indexOf(type.getName()) >= 0);
  }

  /** Returns the last good checkpoint, or where the work started from if none can be read now. */
  private Optional<Manifest> lastGood(@Nullable Manifest from) {
    try {
      return checkpoints.lastGood();
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
              run.path(), damages, MOST_DAMAGES),
          failure);
    }
  }

  /** Waits before another try, longer each time: a file system may be back soon. */
  private static void pauseBefore(int attempt) {
    if (attempt > 0) {
      OutageWait.pause(Math.min(MOST_PAUSE_SECONDS, (long) Math.pow(5, attempt - 1)));
    }
  }

  private Manifest attempt(@Nullable Manifest from) throws IOException {
    ExecutorWait.await(context.sc(), worldSize);
    long start = from == null ? 0 : from.updateNumber();
    long checkpoint = nextMultiple(start, recipe.train().saveIntervalUpdates());
    long end = Math.min(total, Math.min(checkpoint, rankings.next(start)));
    Optional<Dataset<Row>> dropped = rankings.dropped(start);
    long startNanos = System.nanoTime();
    UUID attempt = UUID.randomUUID();
    String target = run.unfinishedCheckpoint(end, attempt);
    Gang before = gang.filter(known -> known.hasKept(start)).orElse(null);
    gang = Optional.empty();
    Optional<String> weights =
        from == null ? recipe.initialWeights().restoreFile() : Optional.of(run.checkpoint(start));
    List<ModelBroadcast> broadcasts = new ArrayList<>();
    try {
      var segment =
          new Segment(
              attempt,
              before == null ? null : before.attempt(),
              recipe.resolvedText(),
              vocabularySize,
              plan,
              start,
              end,
              total,
              from == null ? 0 : from.skippedUpdates(),
              worldSize,
              lossScale(from),
              weights.isPresent() ? weights(weights.get(), before, broadcasts) : null,
              optimizerFiles(from),
              from == null ? null : averages(run.checkpoint(start), before, broadcasts),
              target,
              run.trainMetrics(start),
              OfaProperties.time(context.getConf(), OfaProperties.STUCK_TIMEOUT),
              monitor.address(),
              new SerializableConfiguration(context.hadoopConfiguration()));
      monitor.listenTo(segment.gang());
      context.setJobGroup(
          "ofa-train", Text.format("updates %d to %d of %d", start, end, total), true);
      JavaRDD<Tuple2<Long, byte[]>> input = rows.rows(start, end, worldSize, dropped);
      List<String> places = before == null ? List.of() : before.places();
      List<RankTask.Result> results =
          BarrierStage.collect(input, places, new RankTask(segment), String.class).stream()
              .map(RankTask.Result::parse)
              .toList();
      for (RankTask.Result result : results) {
        if (result.notFinite() != null) {
          throw new NumericFailureException(result.notFinite());
        }
      }
      Manifest manifest = commit(end, target, results);
      gang = Optional.of(Gang.of(segment, results));
      times = times.plus(results, (System.nanoTime() - startNanos) / 1e9);
      return manifest;
    } finally {
      context.clearJobGroup();
      broadcasts.forEach(ModelBroadcast::destroy);
      forget(target);
    }
  }

  /** Deletes what a failed attempt has written; else there is nothing left under that name. */
  private void forget(String unfinished) {
    try {
      if (!context.sc().isStopped()) {
        files.delete(unfinished);
      }
    } catch (IOException e) {
      LOG.info("{}: not deleted yet, {}", unfinished, String.valueOf(e.getMessage()));
    }
  }

  /** Broadcasts weights, unless the ranks already hold them. */
  private ModelWeights weights(
      String directory, @Nullable Gang before, List<ModelBroadcast> broadcasts) throws IOException {
    if (before != null) {
      var hadoop = new SerializableConfiguration(context.hadoopConfiguration());
      return ModelFiles.of(files, directory, hadoop);
    }
    ModelBroadcast broadcast = ModelBroadcast.of(context, files, directory);
    broadcasts.add(broadcast);
    return broadcast;
  }

  private @Nullable ModelWeights averages(
      String checkpoint, @Nullable Gang before, List<ModelBroadcast> broadcasts)
      throws IOException {
    String directory = checkpoint + "/" + RunDirectory.EMA;
    boolean wanted = recipe.numerics().averages() && files.exists(directory);
    return wanted ? weights(directory, before, broadcasts) : null;
  }

  private LossScale lossScale(@Nullable Manifest from) {
    LossScale first = recipe.numerics().lossScale();
    return from == null ? first : first.resumed(from.lossScale(), from.lossScaleUpdates());
  }

  private List<FileEntry> optimizerFiles(@Nullable Manifest from) {
    if (from == null) {
      return List.of();
    }
    return from.files().stream()
        .filter(file -> OptimizerFiles.isOptimizerFile(file.name()))
        .map(
            file ->
                new FileEntry(
                    run.checkpoint(from.updateNumber()) + "/" + file.name(),
                    file.bytes(),
                    file.sha256()))
        .toList();
  }

  private Manifest commit(long end, String unfinished, List<RankTask.Result> results)
      throws IOException {
    List<FileEntry> written = new ArrayList<>();
    results.forEach(result -> written.addAll(result.files()));
    var manifest =
        new Manifest(
            Manifest.VERSION,
            end,
            plan.epoch(end - 1),
            worldSize,
            results.get(0).parameters(),
            results.get(0).skippedUpdates(),
            results.get(0).lossScale().value(),
            results.get(0).lossScale().updates(),
            written,
            Map.of());
    writer.requireHeld();
    run.commit(manifest, unfinished);
    return manifest;
  }

  private static long nextMultiple(long number, long interval) {
    return (number / interval + 1) * interval;
  }
}
