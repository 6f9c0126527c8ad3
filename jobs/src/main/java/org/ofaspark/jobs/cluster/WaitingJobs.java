package org.ofaspark.jobs.cluster;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerApplicationEnd;
import org.apache.spark.scheduler.SparkListenerJobEnd;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.sql.SparkSession;
import org.ofaspark.config.Daemon;
import org.ofaspark.jobs.OfaProperties;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Option;

/**
 * Logs that no executor works at a Spark job, and cancels such jobs after {@link
 * OfaProperties#EXECUTORS_WAIT}: Spark waits for ever, in silence. Driver; Spark makes it, by
 * {@code spark.extraListeners}.
 */
public final class WaitingJobs extends SparkListener {

  private static final Logger LOG = LoggerFactory.getLogger(WaitingJobs.class);

  private final Duration longest;
  private final Duration lines;
  private final ScheduledExecutorService timer;
  private final Set<Integer> jobs = ConcurrentHashMap.newKeySet();
  private final AtomicInteger running = new AtomicInteger();
  private volatile long idleSince = System.nanoTime();
  private volatile long nextLine;

  /**
   * Starts to listen.
   *
   * @param conf settings of the application
   */
  public WaitingJobs(SparkConf conf) {
    this(conf, ExecutorWait.LINES);
  }

  WaitingJobs(SparkConf conf, Duration lines) {
    this.lines = lines;
    this.longest = OfaProperties.time(conf, OfaProperties.EXECUTORS_WAIT);
    this.timer =
        new ScheduledThreadPoolExecutor(1, task -> Daemon.thread("ofa-waiting-jobs", task));
    long pause = Math.min(lines.toMillis(), Math.min(1_000, longest.toMillis()));
    var unused = timer.scheduleAtFixedRate(this::look, pause, pause, TimeUnit.MILLISECONDS);
  }

  @Override
  public void onJobStart(SparkListenerJobStart start) {
    if (jobs.isEmpty()) {
      idle();
    }
    jobs.add(start.jobId());
  }

  @Override
  public void onJobEnd(SparkListenerJobEnd end) {
    jobs.remove(end.jobId());
  }

  @Override
  public void onTaskStart(SparkListenerTaskStart start) {
    running.incrementAndGet();
  }

  @Override
  public void onTaskEnd(SparkListenerTaskEnd end) {
    if (running.decrementAndGet() <= 0) {
      running.set(0); // Spark may have dropped events
      idle();
    }
  }

  @Override
  public void onApplicationEnd(SparkListenerApplicationEnd end) {
    timer.shutdownNow();
  }

  private void idle() {
    idleSince = System.nanoTime();
    nextLine = lines.toNanos();
  }

  private void look() {
    Option<SparkSession> session = SparkSession.getDefaultSession();
    if (jobs.isEmpty() || running.get() > 0 || session.isEmpty()) {
      return;
    }
    SparkContext context = session.get().sparkContext();
    long waited = System.nanoTime() - idleSince;
    if (context.isStopped()) {
      return;
    }
    if (waited > longest.toNanos()) {
      String reason = ExecutorWait.idleTooLong(context);
      jobs.forEach(job -> context.cancelJob(job, reason));
      idle();
    } else if (waited > nextLine) {
      LOG.info("{}", ExecutorWait.idleLine(context, waited));
      nextLine = waited + lines.toNanos();
    }
  }
}
