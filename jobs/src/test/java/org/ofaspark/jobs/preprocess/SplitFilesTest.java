package org.ofaspark.jobs.preprocess;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.jobs.storage.HadoopFiles;

class SplitFilesTest {

  private static final HadoopFiles FILES = new HadoopFiles(new Configuration());
  private static final int MAX_LINE_BYTES = 1 << 20;

  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(longs = {1, 7, 100, 1000, 1_000_000})
  void tasksReadEachLineOfEachFileOnceInOrder(long taskBytes) throws IOException {
    Random random = new Random(taskBytes);
    List<String> expected = new ArrayList<>();
    for (String name : List.of("a.tsv", "b.tsv.gz", "c.tsv", "d.tsv", "e.tsv.gz", "f.tsv")) {
      List<String> lines = randomLines(random, name);
      write(name, String.join("\n", lines) + (random.nextBoolean() ? "\n" : ""));
      expected.addAll(lines);
    }
    Files.createFile(directory.resolve("empty.tsv"));
    SplitFiles split = InputListing.list(FILES, "train", List.of(directory.toString()));

    List<String> found = new ArrayList<>();
    for (List<InputRange> task : split.tasks(taskBytes)) {
      assertThat(task).isNotEmpty();
      for (InputRange range : task) {
        try (LineReader lines = range.open(FILES, MAX_LINE_BYTES)) {
          for (Line line = lines.next(); line != null; line = lines.next()) {
            String text = new String(line.bytes(), StandardCharsets.UTF_8);
            assertThat(line.file()).endsWith("/" + text.substring(0, text.indexOf(' ')));
            found.add(text);
          }
        }
      }
    }
    assertThat(found).isEqualTo(expected);
  }

  @Test
  void tasksReadAboutAsMuchAsTheyShould() {
    SplitFiles split = split(file("big", 1000), file("small", 30), file("gz", 500, true));
    List<List<InputRange>> tasks = split.tasks(300);
    assertThat(tasks.stream().map(SplitFilesTest::text))
        .containsExactly(
            "big 0-300", "big 300-600", "big 600-900", "big 900-1000, small 0-30", "gz 0-500");
  }

  @Test
  void eachCoreGetsTwoTasksUnlessTheyWouldBeSmallOrLarge() {
    long mib = 1 << 20;
    SplitFiles split = split(file("big", 1024 * mib));
    assertThat(split.taskBytes(8, 128 * mib)).isEqualTo(64 * mib + 1);
    assertThat(split.taskBytes(1, 128 * mib)).isEqualTo(128 * mib);
    assertThat(split.taskBytes(1000, 128 * mib)).isEqualTo(16 * mib);
  }

  private static SplitFiles split(InputFile... files) {
    return new SplitFiles("train", List.of(files));
  }

  private static InputFile file(String path, long length) {
    return new InputFile(path, length, 0, false);
  }

  private static InputFile file(String path, long length, boolean compressed) {
    return new InputFile(path, length, 0, compressed);
  }

  private static String text(List<InputRange> task) {
    return String.join(
        ", ",
        task.stream()
            .map(range -> "%s %d-%d".formatted(range.file().path(), range.start(), range.end()))
            .toList());
  }

  private static List<String> randomLines(Random random, String name) {
    return IntStream.range(0, 1 + random.nextInt(40))
        .mapToObj(i -> name + " " + i + "x".repeat(random.nextInt(80)))
        .toList();
  }

  private void write(String name, String text) throws IOException {
    try (OutputStream file = Files.newOutputStream(directory.resolve(name));
        OutputStream out = name.endsWith(".gz") ? new GZIPOutputStream(file) : file) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
  }
}
