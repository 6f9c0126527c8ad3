package org.ofaspark.jobs.demo;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;

/**
 * Runs the steps of a demo one after the other and tells the user about each: a line when it is
 * done, some while it trains, the end of its log if it fails.
 */
final class Steps {

  private static final long PROGRESS_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final int LINES_OF_A_FAILURE = 30;

  private final Path home;
  private final DemoFolder folder;
  private final ChildProcesses processes;
  private final PrintWriter out;
  private final long start = System.nanoTime();

  /**
   * Creates steps.
   *
   * @param home the project
   * @param folder where logs go
   * @param processes start the steps and end them
   * @param out what the user sees
   */
  Steps(Path home, DemoFolder folder, ChildProcesses processes, PrintWriter out) {
    this.home = home;
    this.folder = folder;
    this.processes = processes;
    this.out = out;
  }

  /** Something that is done in this process and says what came out. */
  interface Work {
    String run() throws IOException, InterruptedException;
  }

  /** Does a step in this process. */
  void run(String name, Work work) throws IOException, InterruptedException {
    long begin = System.nanoTime();
    done(name, begin, work.run());
  }

  /** Starts the HDFS of the demo. */
  MiniHdfs startHdfs() throws IOException, InterruptedException {
    long begin = System.nanoTime();
    Path log = folder.log("hdfs");
    try {
      MiniHdfs hdfs =
          MiniHdfs.start(
              processes,
              home.resolve("jobs/tools/target/hdfs"),
              home.resolve("conf/demo/hdfs-log4j.properties"),
              folder.hdfs(),
              log);
      done("start HDFS", begin, hdfs.address().toString());
      return hdfs;
    } catch (IOException e) {
      throw failure("start HDFS", log, String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * Does a step by a command of submit/.
   *
   * @param name of the step
   * @param command the command and its arguments
   * @return its log
   * @throws IOException if it fails, with the end of its log
   */
  Path submit(String name, List<String> command) throws IOException, InterruptedException {
    long begin = System.nanoTime();
    List<String> all = new ArrayList<>(command);
    all.set(0, home.resolve("submit").resolve(command.get(0)).toString());
    Path log = folder.log(name);
    // one thread a rank or task: there are two of them
    Process process = processes.start(all, home, Map.of("OMP_NUM_THREADS", "1"), log);
    String news = "";
    long told = System.nanoTime();
    while (!processes.isEndedSoon(process)) {
      String newest = LogTail.of(log).news().orElse("");
      if (!newest.equals(news) && System.nanoTime() - told > PROGRESS_NANOS) {
        tell(Text.format("      %-18s %s", name, newest));
        news = newest;
        told = System.nanoTime();
      }
    }
    if (process.exitValue() != 0) {
      throw failure(name, log, Text.format("ended with code %d", process.exitValue()), null);
    }
    String last = LogTail.of(log).news().orElse("");
    done(name, begin, last.equals(news) ? "" : last);
    return log;
  }

  private void done(String name, long begin, String result) {
    tell(Text.format("%5s %-18s %3d s  %s", clock(), name, seconds(begin), result).stripTrailing());
  }

  private String clock() {
    long seconds = seconds(start);
    return Text.format("%d:%02d", seconds / 60, seconds % 60);
  }

  private static long seconds(long since) {
    return TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - since);
  }

  /** Shows the user some text. */
  void tell(String text) {
    if (!processes.isClosed()) {
      out.println(text);
      out.flush();
    }
  }

  private IOException failure(String name, Path log, String what, @Nullable Exception cause)
      throws IOException {
    LogTail tail = LogTail.of(log);
    tail.last(LINES_OF_A_FAILURE).forEach(line -> tell("  | " + line));
    return new IOException(Text.format("%s: %s; all of its log is %s", name, what, log), cause);
  }
}
