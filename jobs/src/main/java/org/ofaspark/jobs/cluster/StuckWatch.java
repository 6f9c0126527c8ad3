package org.ofaspark.jobs.cluster;

import java.time.Duration;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.spark.SparkEnv;
import org.ofaspark.config.Daemon;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.OfaProperties;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a rank that lives and makes no progress: its heartbeats come from another thread, so the
 * others would wait for it. It is reported with its thread's stack, and its process ends, as native
 * code cannot be interrupted; in a local master's process, which is the user's, the thread is
 * interrupted. Executor.
 */
public final class StuckWatch implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(StuckWatch.class);

  /** What the process ends with: a temporary failure, as sysexits.h has it. */
  private static final int EXIT_CODE = 75;

  private static final int FRAMES = 8;

  private final Thread thread = Thread.currentThread();
  private final Duration timeout;
  private final BooleanSupplier isWaiting;
  private final Consumer<IllegalStateException> report;
  private final ScheduledExecutorService timer;
  private volatile long since = System.nanoTime();

  /**
   * Starts to watch the calling thread.
   *
   * @param timeout how long it may make no progress
   * @param isWaiting whether it waits for other ranks, which is no fault of its own
   * @param report reports to the driver
   */
  public StuckWatch(
      Duration timeout, BooleanSupplier isWaiting, Consumer<IllegalStateException> report) {
    this.timeout = timeout;
    this.isWaiting = isWaiting;
    this.report = report;
    this.timer = new ScheduledThreadPoolExecutor(1, task -> Daemon.thread("ofa-stuck-watch", task));
    long pause = Math.max(50, Math.min(5_000, timeout.toMillis() / 4));
    var unused = timer.scheduleAtFixedRate(this::look, pause, pause, TimeUnit.MILLISECONDS);
  }

  /** Notes that the thread has got somewhere. */
  public void progress() {
    since = System.nanoTime();
  }

  /**
   * Returns a list as it is, of which each element that is taken is progress.
   *
   * @param <T> type of the elements
   * @param list any
   */
  public <T> List<T> watched(List<T> list) {
    return new AbstractList<>() {
      @Override
      public T get(int index) {
        progress();
        return list.get(index);
      }

      @Override
      public int size() {
        return list.size();
      }
    };
  }

  private void look() {
    if (isWaiting.getAsBoolean()) {
      progress();
      return;
    }
    if (System.nanoTime() - since > timeout.toNanos()) {
      timer.shutdown();
      String at =
          Arrays.stream(thread.getStackTrace())
              .limit(FRAMES)
              .map(String::valueOf)
              .collect(Collectors.joining(" < "));
      var stuck =
          new IllegalStateException(
              Text.format(
                  "this rank lives, but has got nowhere for %d s (%s); it is at %s",
                  timeout.toSeconds(), OfaProperties.STUCK_TIMEOUT, at));
      report.accept(stuck);
      end(stuck);
    }
  }

  private void end(IllegalStateException stuck) {
    SparkEnv spark = SparkEnv.get();
    if (spark == null || spark.executorId().equals("driver")) {
      thread.interrupt();
      return;
    }
    LOG.error("This executor ends", stuck);
    Runtime.getRuntime().halt(EXIT_CODE); // exit hooks would wait for the thread
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
