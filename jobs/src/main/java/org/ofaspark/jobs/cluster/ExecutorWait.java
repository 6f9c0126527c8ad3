package org.ofaspark.jobs.cluster;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkContext;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.LocalMaster;
import org.ofaspark.jobs.OfaProperties;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Waits for executors, at the start of an application and after a loss alike: a full cluster is no
 * failure. Driver.
 */
public final class ExecutorWait {

  private static final Logger LOG = LoggerFactory.getLogger(ExecutorWait.class);
  private static final long POLL_MILLIS = 100;

  /** Time between lines while a job waits. */
  static final Duration LINES = Duration.ofSeconds(15);

  private ExecutorWait() {}

  /**
   * Waits for executors that are processes of their own; where there are none, does nothing.
   *
   * @param context the application
   * @param needed how many
   * @throws IllegalArgumentException if fewer have started within {@code spark.ofa.executors-wait}
   * @throws IllegalStateException if the application ends
   */
  public static void await(SparkContext context, int needed) {
    await(context, needed, LINES);
  }

  static void await(SparkContext context, int needed, Duration lines) {
    if (LocalMaster.ofOneProcess(context.getConf()).isPresent()) {
      return;
    }
    Duration longest = OfaProperties.time(context.getConf(), OfaProperties.EXECUTORS_WAIT);
    long start = System.nanoTime();
    long nextLine = lines.toNanos();
    int count = count(context);
    while (count < needed) {
      long waited = System.nanoTime() - start;
      if (waited > longest.toNanos()) {
        throw new IllegalArgumentException(shortage(context, needed, count));
      }
      if (waited > nextLine) {
        LOG.info("{}", line(context, needed, count, waited));
        nextLine += lines.toNanos();
      }
      pause();
      count = count(context);
    }
    if (nextLine > lines.toNanos()) {
      LOG.info("{} executors are up", count);
    }
  }

  /**
   * Returns how many executors are there.
   *
   * @param context the application
   * @throws IllegalStateException if it has ended
   */
  public static int count(SparkContext context) {
    if (context.isStopped()) {
      throw new IllegalStateException("Cannot call methods on a stopped SparkContext.");
    }
    return context.statusTracker().getExecutorInfos().length - 1; // the driver counts too
  }

  /** Returns the line that is logged while a job waits. */
  static String line(SparkContext context, int needed, int count, long waitedNanos) {
    return Text.format(
        "Waiting for executors: %d of %d are up after %d s (at most %d, %s)%s",
        count,
        needed,
        TimeUnit.NANOSECONDS.toSeconds(waitedNanos),
        OfaProperties.time(context.getConf(), OfaProperties.EXECUTORS_WAIT).toSeconds(),
        OfaProperties.EXECUTORS_WAIT,
        ClusterManager.report(context).map(text -> "; " + text).orElse(""));
  }

  /** Returns the message when a job has waited too long. */
  static String shortage(SparkContext context, int needed, int count) {
    return Text.format(
            "executors: %d (expected: %d within %s, %d s)%s",
            count,
            needed,
            OfaProperties.EXECUTORS_WAIT,
            OfaProperties.time(context.getConf(), OfaProperties.EXECUTORS_WAIT).toSeconds(),
            ClusterManager.report(context).map(text -> "; " + text).orElse(""))
        + "; give the application more of the cluster, wait longer, or ask for fewer with"
        + " spark.executor.instances, spark.cores.max or "
        + OfaProperties.RANKS;
  }

  /** Returns the line that is logged while nobody works at a Spark job. */
  static String idleLine(SparkContext context, long waitedNanos) {
    int workers = workers(context);
    return workers == 0
        ? line(context, 1, 0, waitedNanos)
        : Text.format(
            "Waiting for a task to start: none in %d s (at most %d, %s), with executors: %d",
            TimeUnit.NANOSECONDS.toSeconds(waitedNanos),
            OfaProperties.time(context.getConf(), OfaProperties.EXECUTORS_WAIT).toSeconds(),
            OfaProperties.EXECUTORS_WAIT,
            workers);
  }

  /** Returns the message when nobody has worked at a Spark job for too long. */
  static String idleTooLong(SparkContext context) {
    int workers = workers(context);
    return workers == 0
        ? shortage(context, 1, 0)
        : Text.format(
                "executors: %d, of which none starts a task (expected: one within %s, %d s); do"
                    + " tasks ask for more than an executor has",
                workers,
                OfaProperties.EXECUTORS_WAIT,
                OfaProperties.time(context.getConf(), OfaProperties.EXECUTORS_WAIT).toSeconds())
            + " (spark.task.*, spark.executor.*), or are the machines too busy?";
  }

  private static int workers(SparkContext context) {
    return LocalMaster.ofOneProcess(context.getConf()).isPresent() ? 1 : count(context);
  }

  /** Waits for a moment, before executors are counted again. */
  public static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for executors", e);
    }
  }
}
