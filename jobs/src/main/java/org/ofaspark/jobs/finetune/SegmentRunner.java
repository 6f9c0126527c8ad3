package org.ofaspark.jobs.finetune;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
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
import org.ofaspark.jobs.OfaProperties;
import org.ofaspark.jobs.cluster.BarrierStage;
import org.ofaspark.jobs.cluster.ExecutorWait;
import org.ofaspark.jobs.cluster.ModelBroadcast;
import org.ofaspark.jobs.cluster.ModelFiles;
import org.ofaspark.jobs.cluster.ModelWeights;
import org.ofaspark.jobs.cluster.RankMonitor;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.jobs.storage.WriterLock;
import org.ofaspark.optim.LossScale;
import org.ofaspark.recipe.Recipe;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;

/**
 * Runs the segments of a run, each a barrier stage from one checkpoint to the next: to the next
 * save interval, the next update that the examples are ranked for, or the end of the run. Driver;
 * used by one thread.
 */
final class SegmentRunner {

  private static final Logger LOG = LoggerFactory.getLogger(SegmentRunner.class);

  private final RunContext context;
  private final JavaSparkContext spark;
  private final HadoopFiles files;
  private final RunDirectory run;
  private final Recipe recipe;
  private final RunPlan plan;
  private final int worldSize;
  private final WriterLock writer;
  private final RankMonitor monitor;
  private final SegmentRows rows;
  private final RunRankings rankings;
  private Optional<CachedState> cached = Optional.empty();
  private SegmentTimes times = SegmentTimes.NONE;

  /**
   * The state that the ranks of a segment may still hold in memory.
   *
   * @param attempt names the segment's attempt
   * @param update that it is of
   * @param locations of the ranks' executors, in the order of ranks
   * @param nanoTime when the segment has ended
   */
  private record CachedState(UUID attempt, long update, List<String> locations, long nanoTime) {

    boolean isLikelyThere(long start) {
      return update == start && System.nanoTime() - nanoTime < StateCache.LONGEST.toNanos();
    }
  }

  SegmentRunner(
      RunContext context, RunPlan plan, int worldSize, WriterLock writer, RankMonitor monitor)
      throws IOException {
    this.context = context;
    this.spark = new JavaSparkContext(context.sparkContext());
    this.files = context.files();
    this.run = context.run();
    this.recipe = context.recipe();
    this.plan = plan;
    this.worldSize = worldSize;
    this.writer = writer;
    this.monitor = monitor;
    this.rows = SegmentRows.of(context, plan);
    this.rankings = new RunRankings(context, plan);
  }

  /** Returns what the segments that have succeeded so far have taken. */
  SegmentTimes times() {
    return times;
  }

  /**
   * Trains from a checkpoint, or from the start, to the next one.
   *
   * @return the next one, committed
   */
  Manifest next(@Nullable Manifest from) throws IOException {
    ExecutorWait.await(spark.sc(), worldSize);
    long start = from == null ? 0 : from.updateNumber();
    long end = Math.min(nextSave(start), Math.min(plan.totalUpdates(), rankings.next(start)));
    Optional<Dataset<Row>> dropped = rankings.dropped(start);
    long startNanos = System.nanoTime();
    CachedState held = cached.filter(state -> state.isLikelyThere(start)).orElse(null);
    cached = Optional.empty();
    UUID attempt = UUID.randomUUID();
    var output =
        new Segment.Output(
            run.unfinishedCheckpoint(end, attempt),
            run.trainMetrics(start),
            monitor.address(),
            OfaProperties.time(spark.getConf(), OfaProperties.STUCK_TIMEOUT),
            new SerializableConfiguration(spark.hadoopConfiguration()));
    List<ModelBroadcast> broadcasts = new ArrayList<>();
    try {
      var segment =
          new Segment(
              attempt,
              recipe.resolvedText(),
              plan.vocabularySize(),
              new Segment.Updates(plan.epochs(), worldSize, start, end, plan.totalUpdates()),
              start(from, held, broadcasts),
              output);
      List<RankTask.Result> results = train(segment, held, dropped);
      Manifest checkpoint = commit(segment, results);
      List<String> locations = results.stream().map(RankTask.Result::location).toList();
      cached = Optional.of(new CachedState(attempt, end, locations, System.nanoTime()));
      times = times.plus(results, (System.nanoTime() - startNanos) / 1e9);
      return checkpoint;
    } finally {
      broadcasts.forEach(ModelBroadcast::destroy);
      deleteUnfinished(output.checkpoint());
    }
  }

  private long nextSave(long update) {
    long interval = recipe.train().saveIntervalUpdates();
    return (update / interval + 1) * interval;
  }

  private List<RankTask.Result> train(
      Segment segment, @Nullable CachedState held, Optional<Dataset<Row>> dropped) {
    Segment.Updates updates = segment.updates();
    monitor.listenTo(segment.attempt());
    String description =
        Text.format("updates %d to %d of %d", updates.from(), updates.to(), updates.total());
    spark.setJobGroup("ofa-train", description, true);
    try {
      JavaRDD<Tuple2<Long, byte[]>> input =
          rows.rows(updates.from(), updates.to(), worldSize, dropped);
      List<String> locations = held == null ? List.of() : held.locations();
      return BarrierStage.collect(input, locations, new RankTask(segment), String.class).stream()
          .map(RankTask::parse)
          .toList();
    } finally {
      spark.clearJobGroup();
    }
  }

  private Segment.Start start(
      @Nullable Manifest from, @Nullable CachedState held, List<ModelBroadcast> broadcasts)
      throws IOException {
    UUID attempt = held == null ? null : held.attempt();
    LossScale lossScale = recipe.numerics().lossScale();
    if (from == null) {
      Optional<String> restored = context.initialWeights();
      ModelWeights weights =
          restored.isPresent() ? weights(restored.get(), held, broadcasts) : null;
      return new Segment.Start(attempt, 0, lossScale, weights, List.of(), null);
    }
    String checkpoint = run.checkpoint(from.updateNumber());
    String ema = checkpoint + "/" + RunDirectory.EMA;
    boolean hasEma = recipe.numerics().averages() && files.exists(ema);
    List<FileEntry> optimizerFiles =
        from.files().stream()
            .filter(file -> OptimizerFiles.isOptimizerFile(file.name()))
            .map(file -> new FileEntry(checkpoint + "/" + file.name(), file.bytes(), file.sha256()))
            .toList();
    return new Segment.Start(
        attempt,
        from.skippedUpdates(),
        lossScale.resumed(from.lossScale(), from.lossScaleUpdates()),
        weights(checkpoint, held, broadcasts),
        optimizerFiles,
        hasEma ? weights(ema, held, broadcasts) : null);
  }

  /** Broadcasts weights, unless the ranks already hold them. */
  private ModelWeights weights(
      String directory, @Nullable CachedState held, List<ModelBroadcast> broadcasts)
      throws IOException {
    if (held != null) {
      var hadoop = new SerializableConfiguration(spark.hadoopConfiguration());
      return ModelFiles.of(files, directory, hadoop);
    }
    ModelBroadcast broadcast = ModelBroadcast.of(spark, files, directory);
    broadcasts.add(broadcast);
    return broadcast;
  }

  private Manifest commit(Segment segment, List<RankTask.Result> results) throws IOException {
    long end = segment.updates().to();
    RankTask.Result first = results.get(0);
    var manifest =
        new Manifest(
            Manifest.VERSION,
            end,
            plan.epochs().epoch(end - 1),
            worldSize,
            first.parameters(),
            first.skippedUpdates(),
            first.lossScale().value(),
            first.lossScale().updates(),
            results.stream().flatMap(result -> result.files().stream()).toList(),
            Map.of());
    writer.requireHeld();
    run.checkpointWriter().commit(manifest, segment.output().checkpoint());
    return manifest;
  }

  /** Deletes what a failed attempt has written; else there is nothing left under that name. */
  private void deleteUnfinished(String checkpoint) {
    try {
      if (!context.sparkContext().isStopped()) {
        files.delete(checkpoint);
      }
    } catch (IOException e) {
      LOG.info("{}: not deleted yet, {}", checkpoint, String.valueOf(e.getMessage()));
    }
  }
}
