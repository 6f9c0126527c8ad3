package org.ofaspark.jobs;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.ofaspark.jobs.storage.FileSystemFailure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The wait for a file system that does not answer: as long as {@link OfaProperties#OUTAGE_WAIT}
 * says, with a line every 15 s. Driver; used by one thread.
 */
public final class OutageWait {

  private static final Logger LOG = LoggerFactory.getLogger(OutageWait.class);
  private static final long LINES_SECONDS = 15;

  private final SparkConf conf;
  private long since; // of System.nanoTime; 0 while all is well
  private long nextLine;

  /**
   * Prepares a wait.
   *
   * @param conf settings of the application
   */
  public OutageWait(SparkConf conf) {
    this.conf = conf;
  }

  /**
   * Work that may need a file system.
   *
   * @param <T> what comes of it
   * @param <E> what it throws if it fails
   */
  @FunctionalInterface
  public interface Work<T, E extends Exception> {

    /**
     * Does it, from its start.
     *
     * @throws E if it fails
     */
    T run() throws E;
  }

  /**
   * Does work again until no file system that it needs is away. The time of the wait is that since
   * it failed first.
   *
   * @param conf settings of the application
   * @param work may be done any number of times
   * @param <T> what comes of it
   * @param <E> what it throws if it fails
   * @throws E what the work throws that is no outage, or if one lasts too long
   */
  public static <T, E extends Exception> T through(SparkConf conf, Work<T, E> work) throws E {
    var wait = new OutageWait(conf);
    while (true) {
      try {
        T result = work.run();
        wait.end();
        return result;
      } catch (Exception e) { // Spark's are checked and undeclared
        if (!isToBeWaitedFor(e) || !wait.goesOn(FileSystemFailure.sentence(e).orElse(""))) {
          throw e;
        }
      }
      pause(1);
    }
  }

  private static boolean isToBeWaitedFor(Exception failure) {
    return FileSystemFailure.isOutage(failure)
        && ApplicationEnd.cause(failure).isEmpty()
        && ExplainedException.explanation(failure).isEmpty(); // has been waited for
  }

  /** Notes that the file system has answered. */
  public void end() {
    if (since != 0) {
      LOG.info("The file system answers again");
    }
    since = 0;
    nextLine = 0;
  }

  /** Returns for how long it has not, beginning now if it has until now. */
  public long seconds() {
    since = since == 0 ? System.nanoTime() : since;
    return TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - since);
  }

  /**
   * Tells whether to try again.
   *
   * @param cause in words
   * @return false if it has lasted too long
   */
  public boolean goesOn(String cause) {
    Duration patience = OfaProperties.time(conf, OfaProperties.OUTAGE_WAIT);
    long seconds = seconds();
    if (seconds >= patience.toSeconds()) {
      return false;
    }
    if (seconds >= nextLine) {
      LOG.warn(
          "Waiting for the file system for {} s (at most {}, {}): {}",
          seconds,
          patience.toSeconds(),
          OfaProperties.OUTAGE_WAIT,
          cause);
      nextLine = seconds + LINES_SECONDS;
    }
    return true;
  }

  /**
   * Lets time pass before another try.
   *
   * @param seconds how long
   */
  public static void pause(long seconds) {
    try {
      TimeUnit.SECONDS.sleep(seconds);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted before another try", e);
    }
  }
}
