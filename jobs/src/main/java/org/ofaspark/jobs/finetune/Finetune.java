package org.ofaspark.jobs.finetune;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.config.AllChecks;
import org.ofaspark.data.EpochPlan;
import org.ofaspark.jobs.OutageWait;
import org.ofaspark.jobs.cluster.AssignedDevice;
import org.ofaspark.jobs.cluster.GangMonitor;
import org.ofaspark.jobs.cluster.LostExecutors;
import org.ofaspark.jobs.evaluate.Evaluation;
import org.ofaspark.jobs.ranking.ExampleRanking;
import org.ofaspark.jobs.report.RunReport;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.jobs.storage.WeightDirectory;
import org.ofaspark.jobs.storage.WriterLock;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.TableInfo;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.model.ActivationMemory;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.TensorSpec;
import org.ofaspark.recipe.Recipe;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A whole run of fine-tuning, from the first update or from where an earlier one stopped. Driver.
 *
 * <p>Training runs in segments, to the next checkpoint; each is one barrier stage with a rank on
 * every executor. There is a checkpoint at each update that the examples are ranked for, so that
 * the weights that score can be had. A segment that fails is run again from the last good
 * checkpoint, up to {@code train.max-failures} times without a new checkpoint; a failure of numbers
 * or settings is not. While a run trains, a second process with its run directory is refused.
 */
public final class Finetune {

  private static final Logger LOG = LoggerFactory.getLogger(Finetune.class);

  private final SparkSession spark;
  private final JavaSparkContext context;
  private final Recipe recipe;
  private final OptionalInt ranks;
  private final HadoopFiles files;
  private final RunDirectory run;
  private final Checkpoints checkpoints;

  /**
   * Prepares a run with a rank on each executor.
   *
   * @param spark the session; stays open
   * @param recipe the run
   */
  public Finetune(SparkSession spark, Recipe recipe) throws IOException {
    this(spark, recipe, OptionalInt.empty());
  }

  /**
   * Prepares a run.
   *
   * @param spark the session; stays open
   * @param recipe the run
   * @param worldSize number of ranks
   */
  public Finetune(SparkSession spark, Recipe recipe, int worldSize) throws IOException {
    this(spark, recipe, OptionalInt.of(worldSize));
  }

  private Finetune(SparkSession spark, Recipe recipe, OptionalInt ranks) throws IOException {
    this.ranks = ranks;
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
    return OutageWait.through(context.getConf(), this::toTheEnd);
  }

  private Manifest toTheEnd() throws IOException {
    String table = files.reachable("data.table", recipe.table().table());
    new AllChecks()
        .make(() -> TableInfo.read(files, table).requireFits(recipe))
        .make(this::requireRestoreFile)
        .done();
    TableInfo info = TableInfo.read(files, table);
    info.requireFits(recipe);
    info.requireSplit("data.valid-split", recipe.table().validSplit());
    Vocabulary vocabulary = Vocabulary.read(files, table);
    recipe.requireFits(vocabulary.codec().dictionary().size());
    EpochPlan plan = plan(info);
    long total = plan.totalUpdates(recipe.train().maxEpoch(), recipe.train().maxUpdate());

    int worldSize = ranks.isPresent() ? ranks.getAsInt() : WorldSize.of(spark);
    List<TensorSpec> specs = OfaModel.specs(recipe.model(), vocabulary.codec().dictionary().size());
    Preflight.check(
        context.getConf(),
        recipe,
        worldSize,
        parameters(specs),
        ActivationMemory.bytesPerSample(
            recipe.model(), recipe.data(), vocabulary.codec().dictionary().size()));
    if (run.checkpoints().isEmpty() && recipe.initialWeights().restoreFile().isPresent()) {
      String weights = recipe.initialWeights().restoreFile().get();
      WeightDirectory.requireFits(files, "model.restore-file", weights, specs);
    }
    files.requireWritable("run-dir", run.path());
    try (var writer = WriterLock.take(files, "run-dir", run.path(), run.lock())) {
      return train(writer, info, vocabulary, plan, total, worldSize);
    }
  }

  /** Trains in a directory that no other process writes to. */
  private Manifest train(
      WriterLock writer,
      TableInfo info,
      Vocabulary vocabulary,
      EpochPlan plan,
      long total,
      int worldSize)
      throws IOException {
    String table = files.qualified(recipe.table().table());
    var evaluation = new Evaluation(spark, files, recipe, vocabulary);
    evaluation.requireMetric("train.best-checkpoint-metric", recipe.train().bestCheckpointMetric());
    RankProbe.check(context, worldSize);
    info.requireWhole(spark, table, "data.train-split", recipe.table().trainSplit());
    info.requireWhole(spark, table, "data.valid-split", recipe.table().validSplit());
    Dataset<Row> examples = ExampleTable.read(spark, table + "/" + recipe.table().trainSplit());
    var rows = new SegmentRows(spark, examples, plan, recipe.train().seed());
    var rankings =
        new RunRankings(
            files, run, recipe, plan, new ExampleRanking(spark, files, recipe, vocabulary));
    RunProvenance.write(files, run, recipe, info, worldSize, total);

    Optional<Manifest> last = checkpoints.lastGood();
    if (!context.getConf().contains(AssignedDevice.TASK_GPUS)) {
      LOG.info("No GPU is asked for by {}: ranks compute on the CPU", AssignedDevice.TASK_GPUS);
    }
    LOG.info(
        "{} updates of {} examples on {} ranks, from update {}, in {}",
        total,
        recipe.train().globalBatch(),
        worldSize,
        last.map(Manifest::updateNumber).orElse(0L),
        run.path());
    try (var monitor = new GangMonitor(line -> LOG.info("{}", ProgressLine.of(line, total)));
        var lost = new LostExecutors(context.sc())) {
      var runner =
          new SegmentRunner(
              context,
              files,
              run,
              checkpoints,
              writer,
              recipe,
              worldSize,
              vocabulary.codec().dictionary().size(),
              plan,
              total,
              rows,
              rankings,
              monitor,
              new Retries(context.sc(), files, run, recipe.train().maxFailures(), monitor, lost));
      Optional<Manifest> at = last.isPresent() ? last : runner.next(null);
      while (true) {
        if (at.isPresent() && isValidationDue(at.get(), total)) {
          Manifest trained = at.get();
          at = runner.again("validation", trained, () -> validate(evaluation, trained));
          continue; // from where the run is now
        }
        prune();
        report();
        if (at.isPresent() && at.get().updateNumber() >= total) {
          Optional<Manifest> good = checkpoints.lastGood(); // it may have been damaged meanwhile
          if (good.filter(found -> found.updateNumber() >= total).isPresent()) {
            runner.times().line().ifPresent(LOG::info);
            return at.get();
          }
          at = good;
        }
        at = runner.next(at.orElse(null));
      }
    }
  }

  /** Deletes old checkpoints; the next ones try again. */
  private void prune() {
    try {
      checkpoints.prune();
    } catch (IOException e) {
      LOG.warn("{}: old checkpoints not deleted, training goes on", run.path(), e);
    }
  }

  /** Shows the run so far; training does not depend on it. */
  private void report() {
    try {
      RunReport.write(files, run);
    } catch (IOException | RuntimeException e) {
      LOG.warn("{}: not written, training goes on", run.report(), e);
    }
  }

  private void requireRestoreFile() throws IOException {
    if (run.checkpoints().isEmpty() && recipe.initialWeights().restoreFile().isPresent()) {
      String weights = recipe.initialWeights().restoreFile().get();
      WeightDirectory.requireDirectory(files, "model.restore-file", weights);
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
}
