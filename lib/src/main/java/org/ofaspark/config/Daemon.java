package org.ofaspark.config;

/** Threads that do not keep their process alive. */
public final class Daemon {

  private Daemon() {}

  /**
   * Returns a thread that has not started.
   *
   * @param name shown in thread dumps
   * @param work what it does
   */
  public static Thread thread(String name, Runnable work) {
    var thread = new Thread(work, name);
    thread.setDaemon(true);
    return thread;
  }
}
