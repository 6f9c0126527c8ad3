package org.ofaspark.jobs.storage;

import com.google.gson.JsonParseException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.Path;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Daemon;
import org.ofaspark.config.Text;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a second process from writing to a directory: a file that names the process that does, and
 * that this process writes anew every 5 s. Driver.
 *
 * <p>A process that is killed leaves its file behind. The next one takes it at once if it can see
 * that the other process is gone, else if nobody has renewed the file for 30 s. Clocks of different
 * hosts are not compared.
 *
 * <p>No fence: two processes that start in the same instant may both get the lock, and so may one
 * that was frozen for longer than 30 s and the next one. All but the last to write the file learn
 * it from {@link #requireHeld} within 5 s.
 */
public final class WriterLock implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(WriterLock.class);

  private static final Timing TIMING = new Timing(Duration.ofSeconds(5), Duration.ofSeconds(30));
  private static final int POLLS_A_RENEWAL = 10;
  private static final long CLOSE_SECONDS = 10;

  /**
   * How long things take.
   *
   * @param renewal from one renewal to the next
   * @param stale after how long without one the process is taken for dead
   */
  record Timing(Duration renewal, Duration stale) {}

  /**
   * Who holds a lock: what the file says, in JSON.
   *
   * @param token of this lock alone
   * @param host its name, for people
   * @param machine where the number of the process is its own; empty if unknown
   * @param process its number
   * @param since when it took the lock
   * @param renewals how often it has renewed it
   */
  record Holder(
      String token, String host, String machine, long process, String since, long renewals) {

    static Holder here() {
      return new Holder(
          UUID.randomUUID().toString(),
          hostName(),
          thisMachine(),
          ProcessHandle.current().pid(),
          Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
          0);
    }

    /** Returns nothing for a file that a dying process has not finished. */
    static @Nullable Holder parse(String text) {
      try {
        Holder holder = Json.PRETTY.fromJson(text, Holder.class);
        return holder == null || holder.token == null || holder.machine == null ? null : holder;
      } catch (JsonParseException e) {
        return null;
      }
    }

    Holder renewed() {
      return new Holder(token, host, machine, process, since, renewals + 1);
    }

    boolean isGone() {
      return !machine.isEmpty()
          && machine.equals(thisMachine())
          && ProcessHandle.of(process).isEmpty();
    }

    String text() {
      return "process " + process + " on " + host + ", since " + since;
    }

    /** One boot of one kernel, and there one space of process numbers. */
    private static String thisMachine() {
      try {
        String boot = Files.readString(java.nio.file.Path.of("/proc/sys/kernel/random/boot_id"));
        java.nio.file.Path space = java.nio.file.Path.of("/proc/self/ns/pid");
        return boot.strip() + " " + Files.readSymbolicLink(space);
      } catch (IOException | UnsupportedOperationException e) {
        return ""; // not Linux
      }
    }

    private static String hostName() {
      try {
        return InetAddress.getLocalHost().getHostName();
      } catch (IOException e) {
        return "unknown host";
      }
    }
  }

  private final HadoopFiles files;
  private final String subject;
  private final Path file;
  private final Timing timing;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(task -> Daemon.thread("writer-lock", task));
  private volatile Holder own = Holder.here();
  private volatile @Nullable String other;
  private boolean isFailing; // the timer's alone

  private WriterLock(HadoopFiles files, String subject, String file, Timing timing) {
    this.files = files;
    this.subject = subject;
    this.file = new Path(file);
    this.timing = timing;
  }

  /**
   * Takes a lock. Where another process left one, waits until it is plain whether that process
   * still runs: at most 30 s.
   *
   * @param files access to the file system
   * @param key the setting that names the directory, for messages
   * @param directory what is written to
   * @param file the lock's file, outside of what the holder replaces
   * @return a lock that the caller closes
   * @throws IllegalArgumentException if another process holds it
   */
  public static WriterLock take(HadoopFiles files, String key, String directory, String file)
      throws IOException {
    return take(files, key, directory, file, TIMING);
  }

  static WriterLock take(
      HadoopFiles files, String key, String directory, String file, Timing timing)
      throws IOException {
    var lock = new WriterLock(files, key + ": " + directory, file, timing);
    try {
      lock.acquire();
    } catch (IOException | RuntimeException e) {
      lock.timer.shutdownNow();
      throw e;
    }
    long period = timing.renewal().toMillis();
    ScheduledFuture<?> unused =
        lock.timer.scheduleWithFixedDelay(lock::renew, period, period, TimeUnit.MILLISECONDS);
    return lock;
  }

  /**
   * Checks that no other process has taken the lock since.
   *
   * @throws IllegalStateException if one has: this process was frozen, or somebody has deleted the
   *     file
   */
  public void requireHeld() {
    if (other != null) {
      throw new IllegalStateException(
          Text.format(
                  "%s: another process has taken over (expected: one writer at a time), %s; this"
                      + " one writes",
                  subject, other)
              + " no more");
    }
  }

  private void acquire() throws IOException {
    String seen = null;
    String whole = null;
    long since = System.nanoTime();
    while (true) {
      String text = look();
      if (text == null) {
        if (create(false)) {
          return;
        }
      } else if (isGone(text) || (text.equals(seen) && isStale(since))) {
        if (text.equals(look()) && create(true)) {
          LOG.info("{}: takes over the lock of a process that was killed", subject);
          return;
        }
      } else if (!text.equals(seen)) {
        boolean isWhole = Holder.parse(text) != null; // else it is just being written
        if (isWhole && whole != null && !whole.equals(text)) {
          throw new IllegalArgumentException(
              Text.format(
                      "%s: written to by %s, as %s says (expected: one writer at a time); wait"
                          + " until that has",
                      subject, describe(text), file)
                  + " ended, or name another directory");
        }
        whole = isWhole ? text : whole;
        if (seen == null) {
          LOG.info(
              "{}: in use by {}; looking for at most {} s whether that still runs",
              subject,
              describe(text),
              timing.stale().toSeconds());
        }
        seen = text;
        since = System.nanoTime();
      }
      pause();
    }
  }

  private boolean isStale(long since) {
    return System.nanoTime() - since > timing.stale().toNanos();
  }

  private static boolean isGone(String text) {
    Holder holder = Holder.parse(text);
    return holder != null && holder.isGone();
  }

  private static String describe(String text) {
    Holder holder = Holder.parse(text);
    return holder == null ? "an unknown process" : holder.text();
  }

  private void pause() throws IOException {
    try {
      Thread.sleep(Math.max(1, timing.renewal().toMillis() / POLLS_A_RENEWAL));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException(subject + ": interrupted").initCause(e);
    }
  }

  /** Reads the file, or nothing if it is not there. What cannot be read is being written. */
  private @Nullable String look() {
    try {
      return read();
    } catch (IOException e) {
      LOG.debug("{}: cannot be read", file, e);
      return "";
    }
  }

  private @Nullable String read() throws IOException {
    try {
      return files.readText(file.toString());
    } catch (FileNotFoundException e) {
      return null;
    }
  }

  /** Tells whether the file is this lock's now. */
  private boolean create(boolean overwrite) throws IOException {
    try {
      write(overwrite);
    } catch (FileAlreadyExistsException e) {
      return false;
    }
    return isOwn(look());
  }

  private boolean isOwn(@Nullable String text) {
    Holder holder = text == null ? null : Holder.parse(text);
    return holder != null && holder.token().equals(own.token());
  }

  private void write(boolean overwrite) throws IOException {
    OutputStream created = files.fileSystem(file).create(file, overwrite);
    try (OutputStream out = new OutputFile(created)) {
      out.write(Json.PRETTY.toJson(own).getBytes(StandardCharsets.UTF_8));
    }
  }

  private void renew() {
    try {
      String text = read();
      if (text == null || (Holder.parse(text) != null && !isOwn(text))) {
        other = text == null ? "which has ended" : describe(text);
        LOG.error("{}: another process has taken over, {}", subject, other);
        timer.shutdown();
        return;
      }
      own = own.renewed();
      write(true); // also where a full disk has left half of it
      isFailing = false;
    } catch (IOException | RuntimeException e) {
      if (!isFailing) { // once, as the next try fails too while a file system is away
        String reason =
            FileSystemFailure.sentence(e).orElseGet(() -> String.valueOf(e.getMessage()));
        LOG.warn("{}: not renewed, and tried again: {}", file, reason);
      }
      isFailing = true;
      LOG.debug("{}: not renewed", file, e);
    }
  }

  /** Gives the lock back. */
  @Override
  public void close() {
    timer.shutdown();
    try {
      if (!timer.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
        LOG.warn("{}: still being renewed; it is left to go stale", file);
      } else if (other == null && isOwn(read())) {
        files.delete(file.toString());
      }
    } catch (IOException e) {
      LOG.warn("{}: not deleted; it goes stale in {} s", file, timing.stale().toSeconds(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
