package org.ofaspark.jobs.finetune;

import ai.djl.Device;
import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.jspecify.annotations.Nullable;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.collective.Collective;
import org.ofaspark.collective.TimedCollective;
import org.ofaspark.config.Text;
import org.ofaspark.data.PatchImages;
import org.ofaspark.jobs.cluster.AssignedDevice;
import org.ofaspark.jobs.cluster.BarrierStage;
import org.ofaspark.jobs.cluster.FailureKind;
import org.ofaspark.jobs.cluster.LostDevice;
import org.ofaspark.jobs.cluster.RankReporter;
import org.ofaspark.jobs.cluster.SparkCollective;
import org.ofaspark.jobs.cluster.StuckWatch;
import org.ofaspark.jobs.cluster.TaskBarrier;
import org.ofaspark.jobs.serving.ExecutorModel;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.optim.LossScale;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;
import org.ofaspark.tensor.OutOfMemory;
import org.ofaspark.train.Trainer;
import org.ofaspark.train.UpdateOutcome;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;

/** One rank of a segment: trains on its rows and writes its part of a checkpoint. Executor. */
final class RankTask implements FlatMapFunction<Iterator<Tuple2<Long, byte[]>>, String> {

  private static final long serialVersionUID = 1;
  private static final Logger LOG = LoggerFactory.getLogger(RankTask.class);

  /** Updates in a row without a finite gradient after which training is hopeless. */
  private static final int MAX_SKIPPED_IN_A_ROW = 5;

  private final Segment segment;

  RankTask(Segment segment) {
    this.segment = segment;
  }

  /**
   * What a rank returns to the driver, as JSON.
   *
   * @param files the files that it has written
   * @param skippedUpdates updates of the run so far that moved no parameter
   * @param parameters trainable parameters of the model
   * @param lossScale factor on the losses of the next update
   * @param seconds from the start of the first update to the end of the last
   * @param reused whether the rank had kept its state since the segment before
   * @param place where it keeps its state for the next
   * @param notFinite what is wrong with the numbers, if training is hopeless; there is nothing else
   *     then
   */
  record Result(
      List<FileEntry> files,
      long skippedUpdates,
      long parameters,
      LossScale lossScale,
      double seconds,
      boolean reused,
      String place,
      @Nullable String notFinite) {

    static Result hopeless(NumericFailureException failure) {
      return new Result(
          List.of(), 0, 0, LossScale.NONE, 0, false, BarrierStage.place(), failure.getMessage());
    }

    static Result parse(String json) {
      return new Gson().fromJson(json, Result.class);
    }
  }

  @Override
  public Iterator<String> call(Iterator<Tuple2<Long, byte[]>> rows) throws IOException {
    BarrierTaskContext task = BarrierTaskContext.get();
    if (task.stageAttemptNumber() > 0) {
      throw new IllegalStateException(
          Text.format(
              "stage attempt: %d (expected: 0, as the driver resumes from the last checkpoint"
                  + " itself)",
              task.stageAttemptNumber()));
    }
    var run = new Run(task, rows);
    try (var reporter = new RankReporter(segment.monitor(), segment.gang())) {
      try {
        return List.of(new Gson().toJson(run.run(reporter))).iterator();
      } catch (IOException | RuntimeException | Error e) {
        run.report(reporter, e);
        LostDevice.endFor(e);
        throw e;
      }
    }
  }

  private final class Run {
    private final BarrierTaskContext task;
    private final Iterator<Tuple2<Long, byte[]>> rows;
    private final int rank;
    private final Recipe recipe;
    private final HadoopFiles files;
    private volatile long update = segment.fromUpdate();
    private volatile String phase = "start";
    private long skipped = segment.skippedUpdates();
    private int skippedInARow;
    private volatile boolean isReported;

    Run(BarrierTaskContext task, Iterator<Tuple2<Long, byte[]>> rows) {
      this.task = task;
      this.rows = rows;
      this.rank = task.partitionId();
      this.recipe = RecipeReader.parse("recipe.conf", segment.recipeText(), List.of());
      this.files = new HadoopFiles(segment.hadoop().value());
    }

    /** Tells the driver what went wrong, once, and not if Spark is ending the task. */
    void report(RankReporter reporter, Throwable cause) {
      if (!task.isInterrupted() && !isReported) {
        FailureKind kind =
            cause instanceof NumericFailureException ? FailureKind.NUMERIC : FailureKind.of(cause);
        reporter.failure(rank, update, phase, kind, withAdvice(cause));
        isReported = true;
      }
    }

    private Throwable withAdvice(Throwable cause) {
      if (!OutOfMemory.is(cause)) {
        return cause;
      }
      int samples = recipe.train().batchSize();
      return new IllegalStateException(
          Text.format(
              "train.batch-size: %d (expected: a micro-batch that fits in memory beside the model);"
                  + " %s",
              samples, samples > 1 ? "lower it" : "train.precision=bf16 takes less"),
          cause);
    }

    Result run(RankReporter reporter) throws IOException {
      reporter.start(rank);
      ExecutorModel.closeIdle();
      try (var held = new Held();
          var ranks = joinGang(); // leaves before the memory that it writes to is freed
          var gang = new TimedCollective(ranks);
          var feed =
              new MicroBatchFeed(
                  rows,
                  segment.plan(),
                  rank,
                  segment.worldSize(),
                  segment.fromUpdate(),
                  segment.toUpdate(),
                  new PatchImages(recipe.data()),
                  task.cpus());
          var watch =
              new StuckWatch(
                  segment.stuckTimeout(), gang::isInOperation, stuck -> report(reporter, stuck))) {
        try {
          phase = "loading";
          RankState state = held.state(gang);
          gang.allReduce(0); // from here on time is that of updates
          double seconds = train(state.trainer(), feed, gang, reporter, watch);
          phase = "comparing the ranks";
          state.trainer().checkRanksAgree();
          phase = "writing the checkpoint";
          watch.progress();
          List<FileEntry> written = state.write(segment, files);
          gang.allReduce(0); // nobody leaves before all have written
          Result result = result(held, state, written, seconds);
          if (segment.toUpdate() < segment.totalUpdates()) {
            held.keep();
          }
          return result;
        } catch (NumericFailureException e) { // all ranks have the same sums, and come here
          report(reporter, e);
          gang.allReduce(0); // nobody leaves before the others
          return Result.hopeless(e);
        } catch (IOException | RuntimeException | Error e) {
          report(reporter, e); // before the others find out that this rank is gone
          LostDevice.endFor(e); // its memory cannot even be freed
          ranks.abandon();
          throw e;
        }
      }
    }

    /** The state of this rank, as long as its task has it. */
    private final class Held implements AutoCloseable {
      private @Nullable RankState state;
      private boolean reused;

      /** Returns what the rank resumes from: what it has kept, or else what the files say. */
      RankState state(Collective gang) throws IOException {
        Device device = AssignedDevice.of(task);
        RankState known = StateCache.take(segment.before(), rank, device).orElse(null);
        state = known;
        gang.allReduce(0); // all have taken theirs
        StateCache.freeAll();
        reused = known != null;
        if (known != null) {
          known.trainer().join(gang);
          return known;
        }
        RankState loaded = new RankState(segment, recipe, files, gang, device);
        state = loaded;
        return loaded;
      }

      /** Leaves the state to the next segment. */
      void keep() {
        if (state != null) {
          StateCache.keep(segment.gang(), state, StateCache.LONGEST);
          state = null;
        }
      }

      @Override
      public void close() {
        if (state != null) {
          state.close();
        }
      }
    }

    private Result result(Held held, RankState state, List<FileEntry> written, double seconds) {
      return new Result(
          written,
          skipped,
          state.parameters(),
          state.trainer().lossScale(),
          seconds,
          held.reused,
          BarrierStage.place(),
          null);
    }

    private SparkCollective joinGang() {
      phase = "rendezvous";
      return new SparkCollective(
          segment.gang(),
          rank,
          segment.worldSize(),
          own -> TaskBarrier.allGather(task, own),
          recipe.train().collectivePrecision(),
          recipe.train().collectiveTimeout(),
          task::isInterrupted);
    }

    /** Makes the updates; returns the seconds that they have taken. */
    private double train(
        Trainer trainer,
        MicroBatchFeed feed,
        TimedCollective gang,
        RankReporter reporter,
        StuckWatch watch)
        throws IOException {
      long start = System.nanoTime();
      var log = new TrainingLog(recipe.criterion().objective(), recipe.train().reportAccuracy());
      try (OutputStream metrics = rank == 0 ? openMetrics() : null) {
        for (long next = segment.fromUpdate(); next < segment.toUpdate(); next++) {
          update = next;
          phase = "waiting for data";
          watch.progress();
          var batches = feed.next(update);
          phase = "training";
          UpdateOutcome outcome = trainer.update(watch.watched(batches));
          countSkipped(outcome, trainer.lossScale());
          log.add(outcome);
          long done = next + 1;
          boolean isLast = done == segment.toUpdate();
          if (metrics != null && (done % recipe.train().logInterval() == 0 || isLast)) {
            JsonObject line =
                log.line(
                    done, segment.plan().epoch(update), feed.takeWaitedNanos(), gang.takeNanos());
            writeLine(metrics, line);
            reporter.progress(line);
          }
        }
        update = segment.toUpdate();
      }
      return (System.nanoTime() - start) / 1e9;
    }

    private void countSkipped(UpdateOutcome outcome, LossScale scale) {
      if (outcome instanceof UpdateOutcome.Applied) {
        skippedInARow = 0;
        return;
      }
      skipped++;
      skippedInARow++;
      if (scale.canShrink()) {
        LOG.info("Update {}: float16 overflows; the loss scale is now {}", update, scale.value());
        return;
      }
      LOG.warn("Update {}: the gradient is not finite; no parameter has moved", update);
      if (skippedInARow >= MAX_SKIPPED_IN_A_ROW) {
        throw new NumericFailureException(
            Text.format(
                    "update %d: gradient not finite %d times in a row (expected: finite)",
                    update, skippedInARow)
                + "; try a lower optimizer.lr or a longer optimizer.warmup-ratio");
      }
    }

    private OutputStream openMetrics() throws IOException {
      Path path = new Path(segment.metricsFile());
      return files.fileSystem(path).create(path, true);
    }

    private void writeLine(OutputStream metrics, JsonObject line) throws IOException {
      metrics.write((line + "\n").getBytes(StandardCharsets.UTF_8));
      if (metrics instanceof FSDataOutputStream stream) {
        stream.hflush(); // readers see the line now
      }
    }
  }
}
