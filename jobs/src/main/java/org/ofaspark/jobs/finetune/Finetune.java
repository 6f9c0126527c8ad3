package org.ofaspark.jobs.finetune;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import org.jspecify.annotations.Nullable;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.checkpoint.OptimizerFiles;
import org.ofaspark.config.Checks;
import org.ofaspark.data.EpochPlan;
import org.ofaspark.jobs.cluster.BarrierStage;
import org.ofaspark.jobs.cluster.GangMonitor;
import org.ofaspark.jobs.cluster.ModelBroadcast;
import org.ofaspark.jobs.evaluate.Evaluation;
import org.ofaspark.jobs.ranking.ExampleRanking;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.jobs.storage.WeightDirectory;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.TableInfo;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.TensorSpec;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.train.TrainConfig.Precision;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;

/**
 * A whole run of fine-tuning, from the first update or from where an earlier one stopped. Driver.
 *
 * <p>Training runs in segments, to the next checkpoint; each is one barrier stage with a rank on
 * every executor. There is a checkpoint at each update that the examples are ranked for, so that
 * the weights that score can be had. A segment that fails is run again from the last checkpoint, up
 * to {@code train.max-failures} times in the run; a failure of numbers or settings is not.
 */
public final class Finetune {

  private static final Logger LOG = LoggerFactory.getLogger(Finetune.class);

  private final SparkSession spark;
  private final JavaSparkContext context;
  private final Recipe recipe;
  private final int worldSize;
  private final HadoopFiles files;
  private final RunDirectory run;
  private final Checkpoints checkpoints;

  /**
   * Prepares a run.
   *
   * @param spark the session; stays open
   * @param recipe the run
   * @param worldSize number of ranks
   * @throws IllegalArgumentException if the recipe cannot be run
   */
  public Finetune(SparkSession spark, Recipe recipe, int worldSize) throws IOException {
    Checks.that(
        "train.precision",
        recipe.train().precision().name().toLowerCase(Locale.ROOT),
        recipe.train().precision() == Precision.FP32,
        "fp32, the only one that is computed in so far");
    this.worldSize = worldSize;
    this.spark = spark;
    this.context = new JavaSparkContext(spark.sparkContext());
    this.recipe = recipe;
    this.files = new HadoopFiles(context.hadoopConfiguration());
    this.run = new RunDirectory(files, recipe.runDir());
    this.checkpoints = new Checkpoints(run, files, recipe.train());
  }

  /**
   * Trains to the end of the run.
   *
   * @return the manifest of the last checkpoint
   */
  public Manifest run() throws IOException {
    String table = files.qualified(recipe.table().table());
    TableInfo info = TableInfo.read(files, table);
    info.requireFits(recipe);
    info.requireSplit("data.valid-split", recipe.table().validSplit());
    Vocabulary vocabulary = Vocabulary.read(files, table);
    EpochPlan plan = plan(info);
    long total = plan.totalUpdates(recipe.train().maxEpoch(), recipe.train().maxUpdate());

    List<TensorSpec> specs = OfaModel.specs(recipe.model(), vocabulary.codec().dictionary().size());
    Preflight.check(context.getConf(), recipe.train(), worldSize, parameters(specs));
    if (run.checkpoints().isEmpty() && recipe.initialWeights().restoreFile().isPresent()) {
      String weights = recipe.initialWeights().restoreFile().get();
      WeightDirectory.requireFits(files, "model.restore-file", weights, specs);
    }
    Dataset<Row> examples = ExampleTable.read(spark, table + "/" + recipe.table().trainSplit());
    var rows = new SegmentRows(spark, examples, plan, recipe.train().seed());
    var rankings =
        new RunRankings(
            files, run, recipe, plan, new ExampleRanking(spark, files, recipe, vocabulary));
    var evaluation = new Evaluation(spark, files, recipe, vocabulary);
    RunStart.write(files, run, recipe, info, worldSize, total);

    Optional<Manifest> last = checkpoints.lastGood();
    LOG.info(
        "{} updates of {} examples on {} ranks, from update {}, in {}",
        total,
        recipe.train().globalBatch(),
        worldSize,
        last.map(Manifest::updateNumber).orElse(0L),
        run.path());
    try (var monitor = new GangMonitor(line -> LOG.info("{}", ProgressLine.of(line, total)))) {
      var runner =
          new SegmentRunner(
              vocabulary.codec().dictionary().size(), plan, total, rows, rankings, monitor);
      Manifest manifest = last.isPresent() ? last.get() : runner.next(null);
      while (true) {
        if (isValidationDue(manifest, total)) {
          manifest = validate(evaluation, manifest);
        }
        checkpoints.prune();
        if (manifest.updateNumber() >= total) {
          return manifest;
        }
        manifest = runner.next(manifest);
      }
    }
  }

  private EpochPlan plan(TableInfo info) {
    return new EpochPlan(
        info.requireSplit("data.train-split", recipe.table().trainSplit()).examples(),
        recipe.train().globalBatch(),
        recipe.train().batchSize());
  }

  private static long parameters(List<TensorSpec> specs) {
    return specs.stream().mapToLong(TensorSpec::size).sum();
  }

  /** Tells whether a checkpoint is to be validated and has not been, before the run stopped. */
  private boolean isValidationDue(Manifest manifest, long total) {
    long update = manifest.updateNumber();
    return manifest.metrics().isEmpty()
        && (update == total || update % recipe.train().validateIntervalUpdates() == 0);
  }

  private Manifest validate(Evaluation evaluation, Manifest manifest) throws IOException {
    long start = System.nanoTime();
    String split = recipe.table().validSplit();
    try (Evaluation.Outcome outcome =
        evaluation.run(split, run.checkpoint(manifest.updateNumber()))) {
      double seconds = (System.nanoTime() - start) / 1e9;
      Manifest measured = checkpoints.measured(manifest, outcome.metrics(), seconds);
      LOG.info("{}", ProgressLine.validation(measured, split, outcome.examples(), seconds));
      return measured;
    }
  }

  /** Runs segments, again if need be. */
  private final class SegmentRunner {
    private final int vocabularySize;
    private final EpochPlan plan;
    private final long total;
    private final SegmentRows rows;
    private final RunRankings rankings;
    private final GangMonitor monitor;
    private int failures;

    SegmentRunner(
        int vocabularySize,
        EpochPlan plan,
        long total,
        SegmentRows rows,
        RunRankings rankings,
        GangMonitor monitor) {
      this.vocabularySize = vocabularySize;
      this.plan = plan;
      this.total = total;
      this.rows = rows;
      this.rankings = rankings;
      this.monitor = monitor;
    }

    /** Trains from a checkpoint, or from the start, to the next one. */
    Manifest next(@Nullable Manifest from) throws IOException {
      while (true) {
        monitor.reset();
        try {
          return attempt(from);
        } catch (Exception e) { // Spark's exceptions are checked and undeclared
          failures++;
          String cause = monitor.firstFailure().orElse(String.valueOf(e.getMessage()));
          if (!isWorthAnotherTry(e) || failures > recipe.train().maxFailures()) {
            throw new SegmentFailedException(
                "training failed after update %d: %s"
                    .formatted(from == null ? 0 : from.updateNumber(), cause),
                e);
          }
          LOG.warn(
              "Failure {} of at most {}: {}; going on from update {}",
              failures,
              recipe.train().maxFailures(),
              cause,
              from == null ? 0 : from.updateNumber());
        }
      }
    }

    private Manifest attempt(@Nullable Manifest from) throws IOException {
      long start = from == null ? 0 : from.updateNumber();
      long checkpoint = nextMultiple(start, recipe.train().saveIntervalUpdates());
      long end = Math.min(total, Math.min(checkpoint, rankings.next(start)));
      Optional<Dataset<Row>> dropped = rankings.dropped(start);
      String target = run.unfinishedCheckpoint(end);
      files.delete(target);
      Optional<String> weights =
          from == null ? recipe.initialWeights().restoreFile() : Optional.of(run.checkpoint(start));
      ModelBroadcast broadcast =
          weights.isPresent() ? ModelBroadcast.of(context, files, weights.get()) : null;
      try {
        var segment =
            new Segment(
                UUID.randomUUID(),
                recipe.resolvedText(),
                vocabularySize,
                plan,
                start,
                end,
                total,
                from == null ? 0 : from.skippedUpdates(),
                worldSize,
                broadcast,
                optimizerFiles(from),
                target,
                run.trainMetrics(start),
                monitor.address(),
                new SerializableConfiguration(context.hadoopConfiguration()));
        context.setJobGroup(
            "ofa-train", "updates %d to %d of %d".formatted(start, end, total), true);
        JavaRDD<Tuple2<Long, byte[]>> input = rows.rows(start, end, worldSize, dropped);
        List<String> results = BarrierStage.collect(input, new RankTask(segment), String.class);
        return commit(end, results.stream().map(RankTask.Result::parse).toList());
      } finally {
        context.clearJobGroup();
        if (broadcast != null) {
          broadcast.destroy();
        }
      }
    }

    private List<String> optimizerFiles(@Nullable Manifest from) {
      if (from == null) {
        return List.of();
      }
      return from.files().stream()
          .map(FileEntry::name)
          .filter(OptimizerFiles::isOptimizerFile)
          .map(name -> run.checkpoint(from.updateNumber()) + "/" + name)
          .toList();
    }

    private Manifest commit(long end, List<RankTask.Result> results) throws IOException {
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
              written,
              Map.of());
      run.commit(manifest);
      return manifest;
    }
  }

  private static long nextMultiple(long number, long interval) {
    return (number / interval + 1) * interval;
  }

  /** Tells whether a segment may succeed if it is run again. */
  private static boolean isWorthAnotherTry(Exception failure) {
    return !(failure instanceof IllegalArgumentException)
        && !String.valueOf(failure).contains(NumericFailureException.class.getName());
  }
}
