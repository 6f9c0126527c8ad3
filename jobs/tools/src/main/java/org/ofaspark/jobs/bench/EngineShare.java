package org.ofaspark.jobs.bench;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Tells where the time of a work goes, by looking at its thread's stack many times a second: into
 * native calls of the engine, or beside them.
 */
final class EngineShare {

  private static final String ENGINE = "ai.djl.pytorch.jni.";
  private static final long PAUSE_MILLIS = 2;

  private long samples;
  private long outside;

  private EngineShare() {}

  /**
   * Runs a work on this thread.
   *
   * @return share of its time outside native calls of the engine, 0 to 1
   */
  static double outside(Runnable work) {
    var share = new EngineShare();
    var isDone = new AtomicBoolean();
    Thread worker = Thread.currentThread();
    Thread sampler = new Thread(() -> share.watch(worker, isDone), "engine-share");
    sampler.setDaemon(true);
    sampler.start();
    try {
      work.run();
    } finally {
      isDone.set(true);
      join(sampler);
    }
    return (double) share.outside / Math.max(1, share.samples);
  }

  private void watch(Thread worker, AtomicBoolean isDone) {
    while (!isDone.get()) {
      StackTraceElement[] stack = worker.getStackTrace();
      samples++;
      boolean isNative =
          stack.length > 0
              && stack[0].isNativeMethod()
              && stack[0].getClassName().startsWith(ENGINE);
      outside += isNative ? 0 : 1;
      pause();
    }
  }

  private static void pause() {
    try {
      Thread.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void join(Thread sampler) {
    try {
      sampler.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
