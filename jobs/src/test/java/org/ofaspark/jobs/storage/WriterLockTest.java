package org.ofaspark.jobs.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.hdfs.server.namenode.SafeModeException;
import org.apache.hadoop.util.Progressable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.jobs.cluster.LogLines;
import org.ofaspark.jobs.storage.WriterLock.Timing;

@Timeout(60)
class WriterLockTest {

  private static final HadoopFiles FILES = new HadoopFiles(new Configuration());
  private static final Timing QUICK = new Timing(Duration.ofMillis(300), Duration.ofMillis(2500));
  private static final Timing NEVER_STALE = new Timing(Duration.ofMillis(50), Duration.ofDays(1));

  @TempDir private Path folder;
  private Path file = Path.of("");

  @BeforeEach
  void nameFile() {
    file = folder.resolve("run/.writer");
  }

  private WriterLock take(Timing timing) throws IOException {
    return WriterLock.take(FILES, "run-dir", "/run", file.toString(), timing);
  }

  /** Leaves the file of a process that no longer runs. */
  private void leave(String machine, long process) throws IOException {
    WriterLock lock = take(QUICK);
    JsonObject holder = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
    lock.close();
    if (!machine.equals("this one")) {
      holder.addProperty("machine", machine);
    }
    holder.addProperty("process", process);
    FILES.writeText(file.toString(), holder.toString());
  }

  private static long endedProcess() throws Exception {
    Process process = new ProcessBuilder("true").start();
    assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    return process.pid();
  }

  @Test
  void secondWriterIsRefusedUntilTheFirstHasEnded() throws IOException {
    try (WriterLock first = take(QUICK)) {
      assertThatThrownBy(() -> take(NEVER_STALE))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith(
              "run-dir: /run: written to by process %d on ", ProcessHandle.current().pid())
          .hasMessageContaining(", since 2")
          .hasMessageEndingWith(
              " (expected: one writer at a time); wait until that has ended, or name another"
                  + " directory");
      first.requireHeld();
    }
    assertThat(file).doesNotExist();
    take(QUICK).close();
  }

  @Test
  void fileOfAProcessThatIsGoneIsTakenAtOnce() throws Exception {
    leave("this one", endedProcess());
    try (WriterLock lock = take(NEVER_STALE)) {
      lock.requireHeld();
    }
  }

  @Test
  void writerWhoseFileIsWrittenOverAtTheSameInstantHasNotTakenIt() throws Exception {
    var other = new WriterLock.Holder("other", "here", "", endedProcess(), "then", 0);
    var configuration = new Configuration();
    configuration.set(Contested.OTHER, Json.PRETTY.toJson(other));
    configuration.setClass("fs.contested.impl", Contested.class, RawLocalFileSystem.class);
    var files = new HadoopFiles(configuration);
    try (var lock = WriterLock.take(files, "run-dir", "/run", "contested:" + file, QUICK)) {
      assertThat(Files.readString(file)).doesNotContain("other");
      lock.requireHeld();
    }
  }

  /** Local files, of which the first has another's text as soon as it is there. */
  public static final class Contested extends RawLocalFileSystem {

    static final String OTHER = "fs.contested.other";

    @Override
    public URI getUri() {
      return URI.create("contested:///");
    }

    @Override
    public FSDataOutputStream create(
        org.apache.hadoop.fs.Path target,
        boolean overwrite,
        int bufferSize,
        short replication,
        long blockSize,
        Progressable progress)
        throws IOException {
      String text = getConf().get(OTHER);
      getConf().unset(OTHER);
      if (text == null) {
        return super.create(target, overwrite, bufferSize, replication, blockSize, progress);
      }
      try (var out =
          super.create(target, overwrite, bufferSize, replication, blockSize, progress)) {
        out.writeBytes(text);
      }
      return new FSDataOutputStream(OutputStream.nullOutputStream(), null);
    }
  }

  @Test
  void fileOfAnotherHostIsTakenWhenNobodyRenewsIt() throws Exception {
    leave("another boot", endedProcess());
    long start = System.nanoTime();
    try (WriterLock lock = take(QUICK)) {
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(QUICK.stale());
      lock.requireHeld();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "null", "[]", "{\"token\": \"a\"}"})
  void fileThatADyingProcessHasNotFinishedIsTaken(String text) throws IOException {
    Files.createDirectories(folder.resolve("run"));
    Files.writeString(file, text);
    try (WriterLock lock = take(QUICK)) {
      assertThat(Files.readString(file)).contains("\"renewals\"");
      lock.requireHeld();
    }
    assertThat(file).doesNotExist();
  }

  @Test
  void fileThatAFullDiskHasCutIsWrittenAnew() throws Exception {
    try (WriterLock lock = take(QUICK)) {
      FILES.writeText(file.toString(), "");
      while (!Thread.interrupted() && !Files.readString(file).contains("\"renewals\"")) {
        Thread.onSpinWait();
      }
      lock.requireHeld();
    }
  }

  @Test
  void renewalsThatFailAreToldOnceInASentence() throws Exception {
    var configuration = new Configuration();
    configuration.setClass("fs.refusing.impl", Away.class, RawLocalFileSystem.class);
    var files = new HadoopFiles(configuration);
    try (var log = new LogLines(WriterLock.class);
        var lock = WriterLock.take(files, "run-dir", "/run", "refusing:" + file, QUICK)) {
      configuration.setInt(Away.REFUSED, 1);
      while (!Thread.interrupted() && configuration.getInt(Away.REFUSED, 0) < 4) {
        Thread.onSpinWait();
      }
      configuration.setInt(Away.REFUSED, 0);
      assertThat(log.lines())
          .containsExactly(
              "WARN refusing:%s: not renewed, and tried again: the file system does not answer, or"
                      .formatted(file)
                  + " takes no writes: Name node is in safe mode.; is it up, and are host and port"
                  + " in the path a name node's?");
      lock.requireHeld();
    }
  }

  /** Local files that cannot be written once this is set, which counts the refusals. */
  public static final class Away extends RawLocalFileSystem {

    static final String REFUSED = "fs.refusing.refused";

    @Override
    public URI getUri() {
      return URI.create("refusing:///");
    }

    @Override
    public FSDataOutputStream create(
        org.apache.hadoop.fs.Path target,
        boolean overwrite,
        int bufferSize,
        short replication,
        long blockSize,
        Progressable progress)
        throws IOException {
      int refused = getConf().getInt(REFUSED, 0);
      if (refused > 0) {
        getConf().setInt(REFUSED, refused + 1);
        throw new SafeModeException("Name node is in safe mode.\n\tat org.apache.hadoop.Server");
      }
      return super.create(target, overwrite, bufferSize, replication, blockSize, progress);
    }
  }

  @Test
  void writerThatWasTakenForDeadLearnsIt() throws Exception {
    try (WriterLock frozen = take(QUICK)) {
      assertThatThrownBy(
              () -> {
                while (!Thread.interrupted()) {
                  leaveAnother(); // again: a renewal in progress may write over it
                  frozen.requireHeld();
                }
              })
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(
              "run-dir: /run: another process has taken over (expected: one writer at a time),"
                  + " process 7 on elsewhere, since then; this one writes no more");
    }
    assertThat(file).as("the other's").exists();
  }

  private void leaveAnother() throws IOException {
    var other = new WriterLock.Holder("other", "elsewhere", "another boot", 7, "then", 0);
    var target = new org.apache.hadoop.fs.Path(file.toString());
    try (OutputStream out = FILES.fileSystem(target).create(target, true)) {
      out.write(Json.PRETTY.toJson(other).getBytes(StandardCharsets.UTF_8));
    }
  }

  @Test
  void writersOfDifferentDirectoriesDoNotMind() throws IOException {
    try (WriterLock one = take(QUICK);
        WriterLock other =
            WriterLock.take(FILES, "run-dir", "/b", folder.resolve("b").toString(), QUICK)) {
      assertThatCode(one::requireHeld).doesNotThrowAnyException();
      assertThatCode(other::requireHeld).doesNotThrowAnyException();
    }
  }
}
