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
import org.ofaspark.jobs.cluster.FailureKind.NonFiniteException;
import org.ofaspark.jobs.cluster.LostDevice;
import org.ofaspark.jobs.cluster.RankId;
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
   * What a rank returns to the driver.
   *
   * @param files the files that it has written
   * @param skippedUpdates updates of the run so far that moved no parameter
   * @param parameters trainable parameters of the model
   * @param lossScale factor on the losses of the next update
   * @param seconds from the start of the first update to the end of the last
   * @param reused whether the rank had its state in memory since the segment before
   * @param location of its executor, which holds the state for the next segment
   */
  record Result(
      List<FileEntry> files,
      long skippedUpdates,
      long parameters,
      LossScale lossScale,
      double seconds,
      boolean reused,
      String location) {}

  /**
   * How a rank ends, as JSON: all ranks find non-finite numbers together, and none fails of them.
   *
   * @param result if it has trained
   * @param nonFinite what is wrong with the numbers, if training is hopeless
   */
  private record Outcome(@Nullable Result result, @Nullable String nonFinite) {}

  /**
   * Reads what a rank returns.
   *
   * @throws NonFiniteException if training is hopeless
   */
  static Result parse(String json) {
    Outcome outcome = new Gson().fromJson(json, Outcome.class);
    if (outcome.result() == null) {
      throw new NonFiniteException(String.valueOf(outcome.nonFinite()));
    }
    return outcome.result();
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
    var id = new RankId(segment.attempt(), task.partitionId(), segment.updates().worldSize());
    try (var reporter = new RankReporter(segment.output().monitor(), id)) {
      var run = new Run(task, id, reporter);
      try {
        return List.of(new Gson().toJson(run.run(rows))).iterator();
      } catch (IOException | RuntimeException | Error e) {
        run.report(e);
        LostDevice.endFor(e);
        throw e;
      }
    }
  }

  private final class Run {
    private final BarrierTaskContext task;
    private final RankId id;
    private final RankReporter reporter;
    private final Recipe recipe;
    private final HadoopFiles files;
    private volatile long update = segment.updates().from();
    private volatile String phase = "start";
    private long skipped = segment.start().skippedUpdates();
    private int skippedInARow;
    private volatile boolean isReported;

    Run(BarrierTaskContext task, RankId id, RankReporter reporter) {
      this.task = task;
      this.id = id;
      this.reporter = reporter;
      this.recipe = RecipeReader.parse("recipe.conf", segment.recipeText(), List.of());
      this.files = new HadoopFiles(segment.output().hadoop().value());
    }

    /** Tells the driver what went wrong, once, and not if Spark is ending the task. */
    void report(Throwable cause) {
      if (!task.isInterrupted() && !isReported) {
        reporter.failure(update, phase, FailureKind.of(cause), withAdvice(cause));
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

    Outcome run(Iterator<Tuple2<Long, byte[]>> rows) throws IOException {
      reporter.start();
      ExecutorModel.closeIdle();
      try (var held = new HeldState();
          var connected = connect(); // leaves before the memory that it writes to is freed
          var ranks = new TimedCollective(connected);
          var feed =
              new MicroBatchFeed(
                  rows, segment.updates(), id.rank(), new PatchImages(recipe.data()), task.cpus());
          var watch =
              new StuckWatch(segment.output().stuckTimeout(), ranks::isInOperation, this::report)) {
        try {
          phase = "loading";
          RankState state = held.state(ranks);
          ranks.allReduce(0); // from here on time is that of updates
          long unused = ranks.takeNanos(); // of loading
          double seconds = train(state.trainer(), feed, ranks, watch);
          phase = "comparing the ranks";
          state.trainer().checkRanksAgree();
          phase = "writing the checkpoint";
          watch.progress();
          List<FileEntry> written = state.write(segment, files);
          ranks.allReduce(0); // nobody leaves before all have written
          var result =
              new Result(
                  written,
                  skipped,
                  state.parameters(),
                  state.trainer().lossScale(),
                  seconds,
                  held.reused,
                  BarrierStage.location());
          if (segment.updates().to() < segment.updates().total()) {
            held.keep();
          }
          return new Outcome(result, null);
        } catch (NonFiniteException e) { // all ranks have the same sums, and come here
          report(e);
          ranks.allReduce(0); // nobody leaves before the others
          return new Outcome(null, e.getMessage());
        } catch (IOException | RuntimeException | Error e) {
          report(e); // before the others find out that this rank is gone
          LostDevice.endFor(e); // its memory cannot even be freed
          connected.abandon();
          throw e;
        }
      }
    }

    /** The state of this rank, as long as its task has it. */
    private final class HeldState implements AutoCloseable {
      private @Nullable RankState state;
      private boolean reused;

      /** Returns what the rank starts from: what it holds in memory, or else what the files say. */
      RankState state(Collective ranks) throws IOException {
        Device device = AssignedDevice.of(task);
        state = StateCache.take(segment.start().cached(), id.rank(), device).orElse(null);
        ranks.allReduce(0); // all have taken theirs
        StateCache.freeAll();
        reused = state != null;
        if (state == null) {
          state = new RankState(segment, recipe, files, ranks, device);
        } else {
          state.trainer().join(ranks);
        }
        return state;
      }

      /** Leaves the state to the next segment. */
      void keep() {
        if (state != null) {
          StateCache.keep(segment.attempt(), state, StateCache.LONGEST);
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

    private SparkCollective connect() {
      phase = "rendezvous";
      return new SparkCollective(
          id,
          own -> TaskBarrier.allGather(task, own),
          recipe.train().collectivePrecision(),
          recipe.train().collectiveTimeout(),
          task::isInterrupted);
    }

    /** Makes the updates; returns the seconds that they have taken. */
    private double train(
        Trainer trainer, MicroBatchFeed feed, TimedCollective ranks, StuckWatch watch)
        throws IOException {
      Segment.Updates updates = segment.updates();
      long start = System.nanoTime();
      var log = new TrainingLog(recipe.criterion().objective(), recipe.train().reportAccuracy());
      try (OutputStream metrics = id.rank() == 0 ? openMetrics() : null) {
        for (long next = updates.from(); next < updates.to(); next++) {
          update = next;
          phase = "waiting for data";
          watch.progress();
          var batches = feed.next(update);
          phase = "training";
          UpdateOutcome outcome = trainer.update(watch.watched(batches));
          countSkipped(outcome, trainer.lossScale());
          log.add(outcome);
          long done = next + 1;
          boolean isLast = done == updates.to();
          if (metrics != null && (done % recipe.train().logInterval() == 0 || isLast)) {
            JsonObject line =
                log.line(
                    done,
                    updates.epochs().epoch(update),
                    feed.takeWaitedNanos(),
                    ranks.takeNanos());
            writeLine(metrics, line);
            reporter.progress(line);
          }
        }
        update = updates.to();
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
        throw new NonFiniteException(
            Text.format(
                    "update %d: gradient not finite %d times in a row (expected: finite)",
                    update, skippedInARow)
                + "; try a lower optimizer.lr or a longer optimizer.warmup-ratio");
      }
    }

    private OutputStream openMetrics() throws IOException {
      Path path = new Path(segment.output().metricsFile());
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
