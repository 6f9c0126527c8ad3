package org.ofaspark.jobs.cluster;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.apache.spark.Partition;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.SparkStageInfo;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.rdd.RDD;
import org.apache.spark.scheduler.BarrierJobSlotsNumberCheckFailed;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.scheduler.StageInfo;
import org.apache.spark.storage.BlockManagerId;
import org.apache.spark.storage.RDDInfo;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Daemon;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.LocalMaster;
import org.ofaspark.jobs.OfaProperties;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Function1;
import scala.collection.JavaConverters;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/**
 * Runs tasks that all start together and all fail together, Spark's barrier execution mode, which
 * has no Java interface. Driver only.
 */
public final class BarrierStage {

  private static final Logger LOG = LoggerFactory.getLogger(BarrierStage.class);

  private static final String WATCHED = "spark.ofa.watched";

  private BarrierStage() {}

  /**
   * Runs a function on all partitions at once and collects what it returns.
   *
   * @param <T> type of the elements
   * @param <R> type of the results
   * @param input one partition for each task
   * @param function runs on executors; {@code BarrierTaskContext.get()} is there
   * @param type of the results
   * @return the results of all tasks, in the order of partitions
   */
  public static <T, R> List<R> collect(
      JavaRDD<T> input, FlatMapFunction<Iterator<T>, R> function, Class<R> type) {
    return collect(input, List.of(), function, type);
  }

  /**
   * Runs a function on all partitions at once, where possible on given executors, and collects what
   * it returns.
   *
   * @param <T> type of the elements
   * @param <R> type of the results
   * @param input one partition for each task
   * @param locations {@link #location} of an executor for each partition, or none
   * @param function runs on executors; {@code BarrierTaskContext.get()} is there
   * @param type of the results
   * @return the results of all tasks, in the order of partitions
   * @throws IllegalArgumentException if there are not enough slots for all of them within {@link
   *     OfaProperties#EXECUTORS_WAIT}
   */
  public static <T, R> List<R> collect(
      JavaRDD<T> input,
      List<String> locations,
      FlatMapFunction<Iterator<T>, R> function,
      Class<R> type) {
    ClassTag<R> tag = ClassTag$.MODULE$.apply(type);
    RDD<T> located = locations.isEmpty() ? input.rdd() : new Located<>(input, locations);
    RDD<R> stage = located.barrier().mapPartitions(bridge(function), false, tag);
    int tasks = input.getNumPartitions();
    ExecutorWait.await(input.context(), tasks);
    var watch = new StartWatch(input.context(), tasks);
    try {
      return JavaRDD.fromRDD(stage, tag).collect();
    } catch (Exception e) { // Spark's exceptions are checked and undeclared
      if (e
          instanceof
          BarrierJobSlotsNumberCheckFailed) { // executors are lost, and no new ones are up
        int executors = ExecutorWait.count(input.context());
        throw new IllegalArgumentException(
            ExecutorWait.shortage(input.context(), tasks, executors), e);
      }
      throw e;
    } finally {
      watch.end();
    }
  }

  /**
   * Logs that a stage waits for enough slots at once, and ends it when it has waited too long:
   * Spark keeps waiting, and logs so at level INFO.
   */
  private static final class StartWatch extends SparkListener {
    private final SparkContext context;
    private final String name = UUID.randomUUID().toString();
    private final ScheduledExecutorService timer =
        new ScheduledThreadPoolExecutor( // Spark may still tell of the stage once it has ended
            1,
            task -> Daemon.thread("ofa-start-watch", task),
            new ThreadPoolExecutor.DiscardPolicy());
    private final int tasks;
    private final long start = System.nanoTime();
    private volatile int stage = -1;
    private volatile @Nullable Future<?> deadline;
    private final Future<?> lines;

    StartWatch(SparkContext context, int tasks) {
      this.context = context;
      this.tasks = tasks;
      long pause = ExecutorWait.LINES.toSeconds();
      this.lines = timer.scheduleAtFixedRate(this::line, pause, pause, TimeUnit.SECONDS);
      context.setLocalProperty(WATCHED, name);
      context.addSparkListener(this);
    }

    @Override
    public void onStageSubmitted(SparkListenerStageSubmitted submitted) {
      StageInfo info = submitted.stageInfo();
      boolean isOwn =
          submitted.properties() != null
              && name.equals(submitted.properties().getProperty(WATCHED))
              && info.rddInfos().exists(RDDInfo::isBarrier);
      if (isOwn) {
        stage = info.stageId();
        long seconds =
            OfaProperties.time(context.getConf(), OfaProperties.EXECUTORS_WAIT).toSeconds();
        deadline = timer.schedule(() -> cancel(info, seconds), seconds, TimeUnit.SECONDS);
      }
    }

    @Override
    public void onTaskStart(SparkListenerTaskStart started) {
      Future<?> waiting = deadline;
      if (started.stageId() == stage && waiting != null) {
        boolean unused = waiting.cancel(false);
        unused = lines.cancel(false);
      }
    }

    private void line() {
      if (!context.isStopped() && stage == -1) { // Spark looks for slots before it starts one
        int count = ExecutorWait.count(context);
        if (count < tasks && LocalMaster.ofOneProcess(context.getConf()).isEmpty()) {
          LOG.info("{}", ExecutorWait.line(context, tasks, count, System.nanoTime() - start));
        }
      }
    }

    private void cancel(StageInfo info, long seconds) {
      SparkStageInfo now =
          context.statusTracker().getStageInfo(info.stageId()).getOrElse(() -> null);
      if (now != null && now.numActiveTasks() + now.numCompletedTasks() > 0) {
        return; // it has started, and this event has not arrived
      }
      int executors = ExecutorWait.count(context);
      context.cancelStage(
          info.stageId(),
          Text.format(
              "no slots for %d tasks at once within %s, %d s (expected: %s free cores for each);"
                  + " %s",
              info.numTasks(),
              OfaProperties.EXECUTORS_WAIT,
              seconds,
              context.getConf().get("spark.task.cpus", "1"),
              executors > 0
                  ? "executors: " + executors
                  : "this is one process, and something else has its cores"));
    }

    void end() {
      context.removeSparkListener(this);
      context.setLocalProperty(WATCHED, null);
      timer.shutdownNow();
    }
  }

  /** Returns the name by which Spark knows this executor as a location of tasks. Executor only. */
  public static String location() {
    BlockManagerId executor = SparkEnv.get().blockManager().blockManagerId();
    return Text.format("executor_%s_%s", executor.host(), executor.executorId());
  }

  /** Partitions that ask for executors. */
  private static final class Located<T> extends RDD<T> {
    private static final long serialVersionUID = 1;
    private final RDD<T> input;
    private final ArrayList<String> locations;

    Located(JavaRDD<T> input, List<String> locations) {
      super(input.rdd(), input.classTag());
      this.input = input.rdd();
      this.locations = new ArrayList<>(locations);
    }

    @Override
    public Partition[] getPartitions() {
      return input.partitions();
    }

    @Override
    public scala.collection.Iterator<T> compute(Partition partition, TaskContext task) {
      return input.iterator(partition, task);
    }

    @Override
    @SuppressWarnings("deprecation") // the one converter that Scala 2.12 and 2.13 both have
    public scala.collection.immutable.Seq<String> getPreferredLocations(Partition partition) {
      return JavaConverters.asScalaBuffer(List.of(locations.get(partition.index()))).toList();
    }
  }

  @SuppressWarnings("deprecation") // the one converter that Scala 2.12 and 2.13 both have
  private static <T, R>
      Function1<scala.collection.Iterator<T>, scala.collection.Iterator<R>> bridge(
          FlatMapFunction<Iterator<T>, R> function) {
    return (Function1<scala.collection.Iterator<T>, scala.collection.Iterator<R>> & Serializable)
        elements -> {
          try {
            return JavaConverters.asScalaIterator(
                function.call(JavaConverters.asJavaIterator(elements)));
          } catch (RuntimeException e) {
            throw e;
          } catch (Exception e) {
            throw new IllegalStateException(e.getMessage(), e); // the Scala signature declares none
          }
        };
  }
}
