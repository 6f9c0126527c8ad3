package org.ofaspark.jobs.cluster;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.apache.spark.SparkEnv;
import org.ofaspark.config.Daemon;
import org.ofaspark.tensor.DeviceFailure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends an executor whose GPU has failed in a way that stays until the process ends, so that the
 * next attempt gets a fresh one. A local master's process, which is the user's, is left alone.
 * Executor.
 */
public final class LostDevice {

  private static final Logger LOG = LoggerFactory.getLogger(LostDevice.class);

  /** What the process ends with: software error, as sysexits.h has it. */
  private static final int EXIT_CODE = 70;

  /** How long Spark has to tell the driver why the task failed. */
  private static final Duration GRACE = Duration.ofSeconds(2);

  /** The executor id of a local master. */
  private static final String DRIVER = "driver";

  /** Whether this process is about to end. */
  private static final AtomicBoolean ENDING = new AtomicBoolean();

  private LostDevice() {}

  /**
   * Ends this process at once if a failure has cost its device. The driver must know the failure.
   *
   * @param failure any
   */
  public static void endFor(Throwable failure) {
    if (isLost(failure)) {
      end(failure);
    }
  }

  /**
   * Ends this process if a failure has cost its device, as soon as Spark has had time to tell the
   * driver of the task.
   *
   * @param failure what a task has failed with
   */
  public static void endSoonFor(Throwable failure) {
    if (isLost(failure) && !ENDING.getAndSet(true)) {
      Daemon.thread(
              "ofa-lost-device",
              () -> {
                pause(GRACE);
                end(failure);
              })
          .start();
    }
  }

  /** Keeps a task from a device that is lost: waits for the end of the process. */
  static void await() {
    if (ENDING.get()) {
      pause(GRACE.multipliedBy(5));
      throw new IllegalStateException("GPU: lost by an earlier task of this executor");
    }
  }

  private static boolean isLost(Throwable failure) {
    SparkEnv spark = SparkEnv.get();
    return DeviceFailure.isPermanent(failure)
        && spark != null
        && !spark.executorId().equals(DRIVER);
  }

  private static void end(Throwable failure) {
    LOG.error("This executor ends, as only a new process can use its GPU again", failure);
    Runtime.getRuntime().halt(EXIT_CODE); // exit hooks would wait for the device
  }

  private static void pause(Duration time) {
    long end = System.nanoTime() + time.toNanos();
    for (long left = time.toNanos(); left > 0; left = end - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }
}
