package org.ofaspark.jobs.finetune;

import java.io.IOException;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.jobs.OutageWait;
import org.ofaspark.jobs.cluster.AssignedDevice;
import org.ofaspark.jobs.cluster.LostExecutors;
import org.ofaspark.jobs.cluster.RankMonitor;
import org.ofaspark.jobs.evaluate.Evaluation;
import org.ofaspark.jobs.report.RunReport;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.jobs.storage.WriterLock;
import org.ofaspark.model.ActivationMemory;
import org.ofaspark.nn.TensorSpec;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.TableConfig;
import org.ofaspark.train.TrainConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A whole run of fine-tuning, from the first update or from where an earlier one stopped. Driver.
 *
 * <p>Training runs in segments, to the next checkpoint; each is one barrier stage with a rank on
 * every executor. There is a checkpoint at each update that the examples are ranked for, so that
 * the weights that score can be had. A segment that fails is run again from the last good
 * checkpoint, see {@link Retries}. While a run trains, a second process with its run directory is
 * refused.
 */
public final class Finetune {

  private static final Logger LOG = LoggerFactory.getLogger(Finetune.class);

  private final RunContext context;
  private final SparkSession spark;
  private final Recipe recipe;
  private final TrainConfig train;
  private final HadoopFiles files;
  private final RunDirectory run;
  private final Checkpoints checkpoints;
  private final OptionalInt ranks;

  /**
   * Prepares a run with a rank on each executor.
   *
   * @param spark the session; stays open
   * @param recipe the run
   */
  public Finetune(SparkSession spark, Recipe recipe) throws IOException {
    this(RunContext.of(spark, recipe), OptionalInt.empty());
  }

  /**
   * Prepares a run.
   *
   * @param spark the session; stays open
   * @param recipe the run
   * @param worldSize number of ranks
   */
  public Finetune(SparkSession spark, Recipe recipe, int worldSize) throws IOException {
    this(RunContext.of(spark, recipe), OptionalInt.of(worldSize));
  }

  private Finetune(RunContext context, OptionalInt ranks) {
    this.context = context;
    this.spark = context.spark();
    this.recipe = context.recipe();
    this.train = recipe.train();
    this.files = context.files();
    this.run = context.run();
    this.checkpoints = context.checkpoints();
    this.ranks = ranks;
  }

  /**
   * Trains to the end of the run.
   *
   * @return the manifest of the last checkpoint
   */
  public Manifest run() throws IOException {
    return OutageWait.through(spark.sparkContext().getConf(), this::train);
  }

  private Manifest train() throws IOException {
    RunPlan plan = RunPlan.of(context);
    int worldSize = ranks.isPresent() ? ranks.getAsInt() : WorldSize.of(spark);
    preflight(plan, worldSize);
    try (var writer = WriterLock.take(files, "run-dir", run.path(), run.lock());
        var monitor =
            new RankMonitor(line -> LOG.info("{}", ProgressLine.of(line, plan.totalUpdates())));
        var lost = new LostExecutors(spark.sparkContext())) {
      var evaluation = new Evaluation(spark, files, recipe, plan.vocabulary());
      evaluation.requireMetric("train.best-checkpoint-metric", train.bestCheckpointMetric());
      RankProbe.check(new JavaSparkContext(spark.sparkContext()), worldSize);
      requireWholeTable(plan);
      RunProvenance.write(files, run, recipe, plan.info(), worldSize, plan.totalUpdates());
      var retries = new Retries(context, writer, monitor, lost);
      var segments = new SegmentRunner(context, plan, worldSize, writer, monitor);
      Optional<Manifest> at = checkpoints.lastGood();
      logStart(plan, worldSize, at);
      while (true) { // each step returns where the run is: further, or back where files are damaged
        Manifest from = at.orElse(null);
        if (from == null) {
          at = retries.run("training", null, () -> segments.next(null));
        } else if (plan.isValidationDue(from, train)) {
          at = retries.run("validation", from, () -> validate(evaluation, from));
        } else {
          prune();
          report();
          if (!plan.isEnd(from)) {
            at = retries.run("training", from, () -> segments.next(from));
          } else {
            at = checkpoints.lastGood(); // it may have been damaged meanwhile
            if (at.filter(plan::isEnd).isPresent()) {
              segments.times().line().ifPresent(LOG::info);
              return from;
            }
          }
        }
      }
    }
  }

  private void preflight(RunPlan plan, int worldSize) {
    Preflight.check(
        spark.sparkContext().getConf(),
        recipe,
        worldSize,
        plan.specs(recipe).stream().mapToLong(TensorSpec::size).sum(),
        ActivationMemory.bytesPerSample(recipe.model(), recipe.data(), plan.vocabularySize()));
    files.requireWritable("run-dir", run.path());
  }

  private void requireWholeTable(RunPlan plan) throws IOException {
    TableConfig table = recipe.table();
    plan.info().requireWhole(spark, plan.table(), "data.train-split", table.trainSplit());
    plan.info().requireWhole(spark, plan.table(), "data.valid-split", table.validSplit());
  }

  private void logStart(RunPlan plan, int worldSize, Optional<Manifest> last) {
    if (!spark.sparkContext().getConf().contains(AssignedDevice.TASK_GPUS)) {
      LOG.info("No GPU is requested by {}: ranks compute on the CPU", AssignedDevice.TASK_GPUS);
    }
    LOG.info(
        "{} updates of {} examples on {} ranks, from update {}, in {}",
        plan.totalUpdates(),
        train.globalBatch(),
        worldSize,
        last.map(Manifest::updateNumber).orElse(0L),
        run.path());
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

  /** Deletes old checkpoints; the next ones try again. */
  private void prune() {
    try {
      checkpoints.prune();
    } catch (IOException e) {
      LOG.warn("{}: old checkpoints not deleted, training continues", run.path(), e);
    }
  }

  /** Shows the run so far; training does not depend on it. */
  private void report() {
    try {
      RunReport.write(files, run);
    } catch (IOException | RuntimeException e) {
      LOG.warn("{}: not written, training continues", run.report(), e);
    }
  }
}
