package org.ofaspark.jobs.demo;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/**
 * The processes of the demo, and theirs. Closing ends them all, also on Ctrl-C.
 *
 * <p>A Spark driver's executors are its children until it dies; then nobody knows whose they are.
 * So everything that was ever seen below this process is remembered. Thread-safe.
 */
final class ChildProcesses implements AutoCloseable {

  private static final long POLL_MILLIS = 500;
  private static final long GRACE_SECONDS = 8;

  private final Set<ProcessHandle> seen = ConcurrentHashMap.newKeySet();
  private boolean closed;

  /** Creates an empty set, which ends with this process at the latest. */
  ChildProcesses() {
    Runtime.getRuntime().addShutdownHook(new Thread(this::close, "end-child-processes"));
  }

  /**
   * Starts a process.
   *
   * @param command program and arguments
   * @param folder it starts in
   * @param environment variables laid over this process's
   * @param log the file that its output goes to
   * @throws IllegalStateException if this is closed
   */
  synchronized Process start(
      List<String> command, Path folder, Map<String, String> environment, Path log)
      throws IOException {
    if (closed) {
      throw new IllegalStateException("processes: closed (expected: open)");
    }
    var builder = new ProcessBuilder(command);
    builder.directory(folder.toFile()).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().putAll(environment);
    Process process = builder.start();
    seen.add(process.toHandle());
    return process;
  }

  /** Waits until a process ends, for a while at most, and tells whether it has. */
  boolean isEndedSoon(Process process) throws InterruptedException {
    remember();
    return process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** Tells whether the processes are being ended. */
  synchronized boolean isClosed() {
    return closed;
  }

  private void remember() {
    ProcessHandle.current().descendants().forEach(seen::add);
  }

  /** Asks every process to end, and forces those that take too long. */
  @Override
  public synchronized void close() {
    closed = true;
    remember();
    Set<ProcessHandle> alive =
        seen.stream().filter(ProcessHandle::isAlive).collect(Collectors.toSet());
    alive.forEach(ProcessHandle::destroy);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(GRACE_SECONDS);
    alive.forEach(process -> awaitUntil(deadline, process));
    remember();
    seen.stream().filter(ProcessHandle::isAlive).forEach(ProcessHandle::destroyForcibly);
  }

  private static void awaitUntil(long deadline, ProcessHandle process) {
    try {
      process.onExit().get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      process.destroyForcibly();
    }
  }
}
