package org.ofaspark.jobs.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class HadoopFilesTest {

  private static final String FULL = "/dev/full";

  private static final HadoopFiles FILES = new HadoopFiles(new Configuration());

  @TempDir private Path directory;

  @Test
  void textsComeBack() throws IOException {
    FILES.writeText(path("new/a.txt"), "für 日本\n");
    FILES.writeText(path("new/a.txt"), "second");
    FILES.writeText(path("new/b.txt"), "für 日本\n");
    assertThat(FILES.readText(path("new/a.txt"))).isEqualTo("second");
    assertThat(FILES.readText(path("new/b.txt"))).isEqualTo("für 日本\n");
    assertThat(FILES.list(path("new"))).containsExactly("a.txt", "b.txt");
    assertThat(FILES.length(path("new/a.txt"))).isEqualTo(6);
  }

  @Test
  void fileThatSomebodyHasChangedIsToldWithWhatToDo() throws IOException {
    FILES.writeText(path("a.conf"), "lr = 1");
    Files.writeString(directory.resolve("a.conf"), "lr = 2");

    assertThatThrownBy(() -> FILES.readText(path("a.conf")))
        .isInstanceOf(ChecksumException.class)
        .hasMessage(
            path("a.conf")
                + ": does not fit the check sums in .a.conf.crc beside it (expected: what was"
                + " written); if somebody has changed it on purpose, delete that file");
    Files.delete(directory.resolve(".a.conf.crc"));
    assertThat(FILES.readText(path("a.conf"))).isEqualTo("lr = 2");
  }

  @Test
  void whatIsThereAndWhatIsNot() throws IOException {
    FILES.writeText(path("a.txt"), "a");
    assertThat(FILES.exists(path("a.txt"))).isTrue();
    assertThat(FILES.isFile(path("a.txt"))).isTrue();
    assertThat(FILES.exists(directory.toString())).isTrue();
    assertThat(FILES.isFile(directory.toString())).isFalse();
    assertThat(FILES.exists(path("missing"))).isFalse();
    assertThat(FILES.isFile(path("missing"))).isFalse();
    assertThat(FILES.list(path("missing"))).isEmpty();
    assertThat(FILES.qualified("/a/../b")).isEqualTo("file:/b");
  }

  @Test
  void anOldFileStaysUntilTheNewOneIsWhole() throws IOException {
    FILES.writeText(path("a.txt"), "old");
    assertThatThrownBy(
            () ->
                FILES.write(
                    path("a.txt"),
                    out -> {
                      out.write('n');
                      throw new IOException("disk full");
                    }))
        .isInstanceOf(IOException.class)
        .hasMessage("disk full");
    assertThat(FILES.readText(path("a.txt"))).isEqualTo("old");
    assertThat(FILES.list(directory.toString())).containsExactly("a.txt");
  }

  @Test
  void pendingFilesAppearWhenTheyAreCommitted() throws IOException {
    try (PendingFile file = FILES.create(path("a.txt"))) {
      file.out().write("a".getBytes(StandardCharsets.UTF_8));
      assertThat(FILES.exists(path("a.txt"))).isFalse();
      file.commit();
    }
    assertThat(FILES.readText(path("a.txt"))).isEqualTo("a");
    assertThat(FILES.list(directory.toString())).containsExactly("a.txt");
  }

  @Test
  void ofTwoTasksThatWriteOneFileTheFirstWins() throws IOException {
    try (PendingFile first = FILES.create(path("a.txt"));
        PendingFile second = FILES.create(path("a.txt"))) {
      first.out().write('1');
      second.out().write('2');
      first.commitUnlessThere();
      second.commitUnlessThere();
    }
    assertThat(FILES.readText(path("a.txt"))).isEqualTo("1");
    assertThat(FILES.list(directory.toString())).containsExactly("a.txt");
  }

  @Test
  void renamingNeverReplaces() throws IOException {
    FILES.writeText(path("a.txt"), "a");
    FILES.rename(path("a.txt"), path("new/b.txt"));
    assertThat(Files.readString(directory.resolve("new/b.txt"))).isEqualTo("a");

    FILES.writeText(path("c.txt"), "c");
    assertThatThrownBy(() -> FILES.rename(path("c.txt"), path("new/b.txt")))
        .isInstanceOf(IOException.class)
        .hasMessage("%s: cannot rename %s to it", path("new/b.txt"), path("c.txt"));
    assertThat(FILES.readText(path("new/b.txt"))).isEqualTo("a");
  }

  @Test
  void deletingWhatIsNotThereIsNoError() throws IOException {
    FILES.writeText(path("new/a.txt"), "a");
    FILES.delete(path("new"));
    FILES.delete(path("new"));
    assertThat(FILES.exists(path("new"))).isFalse();
  }

  private String path(String name) {
    return directory.resolve(name).toString();
  }

  /** Hadoop throws an error there, which would end a run that could wait for room. */
  @Test
  @EnabledOnOs(OS.LINUX) // has a device that is always full
  void fullDiskIsAnExceptionThatIsThrownOnce() throws IOException {
    var local = new RawLocalFileSystem();
    local.initialize(URI.create("file:///"), new Configuration());
    byte[] more = new byte[1 << 20];

    for (boolean isFlushed : new boolean[] {true, false}) {
      OutputFile out = new OutputFile(local.create(new org.apache.hadoop.fs.Path(FULL), true));
      assertThatThrownBy(
              () -> {
                out.write(more, 0, isFlushed ? 1 : more.length);
                out.flush();
              })
          .isInstanceOf(IOException.class)
          .hasMessageContaining("No space left on device");
      assertThatCode(out::close).doesNotThrowAnyException();
    }
    OutputFile closed = new OutputFile(local.create(new org.apache.hadoop.fs.Path(FULL), true));
    closed.write(1);
    assertThatThrownBy(closed::close)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("No space left on device");
  }
}
