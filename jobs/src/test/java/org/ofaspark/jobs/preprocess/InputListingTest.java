package org.ofaspark.jobs.preprocess;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.ofaspark.jobs.storage.HadoopFiles;

class InputListingTest {

  private static final HadoopFiles FILES = new HadoopFiles(new Configuration());

  @TempDir private Path directory;

  @BeforeEach
  void writeFiles() throws IOException {
    Files.createDirectories(directory.resolve("more/_temporary"));
    Files.createDirectories(directory.resolve("nothing"));
    for (String name :
        List.of(
            "b.tsv", "a.tsv.gz", "more/c.tsv", "more/_temporary/d.tsv", "_SUCCESS", ".b.tsv.crc")) {
      Files.writeString(directory.resolve(name), "x\n");
    }
    try (var gzip = new GZIPOutputStream(Files.newOutputStream(directory.resolve("a.tsv.gz")))) {
      gzip.write('x');
    }
    Files.createFile(directory.resolve("empty.tsv"));
  }

  @Test
  void filesComeInTheOrderOfTheRecipe() {
    assertThat(names("more/c.tsv", "b.tsv", "a.tsv.gz"))
        .containsExactly("more/c.tsv", "b.tsv", "a.tsv.gz");
  }

  @Test
  void directoriesStandForTheirVisibleFilesInTheOrderOfPaths() {
    assertThat(names("")).containsExactly("a.tsv.gz", "b.tsv", "empty.tsv", "more/c.tsv");
  }

  @Test
  void patternsStandForWhatTheyMatch() {
    assertThat(names("{b,e}*")).containsExactly("b.tsv", "empty.tsv");
    assertThat(names("*/*.tsv")).containsExactly("more/c.tsv");
  }

  @Test
  void compressedFilesAreKnownByTheirNames() {
    assertThat(list("a.tsv.gz", "b.tsv").files().stream().map(InputFile::compressed))
        .containsExactly(true, false);
  }

  @Test
  void pathsThatLeadToNoFileAreRefused() {
    for (String path : List.of("missing.tsv", "*.missing", "nothing")) {
      assertThatThrownBy(() -> list("b.tsv", path))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "preprocess.input.val: %s/%s".formatted(directory, path)
                  + " (expected: a file, a directory with files, or a pattern of some)");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "~/a.tsv| ~ is taken as it stands, write the home directory out",
        "'a.tsv'| quotes are taken as they stand, leave them out",
        "\"a.tsv\"| quotes are taken as they stand, leave them out"
      })
  void whatTheShellWouldHaveReplacedIsHintedAt(String path, String hint) {
    assertThatThrownBy(() -> InputListing.list(FILES, "val", List.of(path)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("preprocess.input.val: %s, which is file:/".formatted(path))
        .hasMessageEndingWith(" a pattern of some); " + hint);
  }

  @Test
  void filesOfTheLz4ToolAreRefusedBeforeTheyAreTakenForHugeBlocks() throws IOException {
    Path file = directory.resolve("a.tsv.lz4");
    Files.write(file, HexFormat.of().parseHex("04224d186440a7060000806162630a00000000"));
    assertThatThrownBy(() -> list("a.tsv.lz4"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "preprocess.input.val: file:%s is a file of the lz4 tool (expected: blocks as Hadoop's"
                + " Lz4Codec writes them); unpack it, or pack it with gzip",
            file);
  }

  @Test
  void filesThatAreNotWhatTheirNameSaysAreRefused() throws IOException {
    Files.writeString(directory.resolve("b.tsv.gz"), "no gzip at all");
    assertThatThrownBy(() -> list("b.tsv.gz"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(
            "preprocess.input.val: file:%s/b.tsv.gz cannot be unpacked by GzipCodec, "
                .formatted(directory));
  }

  @Test
  void filesThatAreNamedTwiceAreRefused() {
    assertThatThrownBy(() -> list("b.tsv", "b*"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "preprocess.input.val: file:%s/b.tsv twice (expected: each file once)"
                .formatted(directory));
  }

  @Test
  void inputWithoutAByteIsRefused() {
    assertThatThrownBy(() -> list("empty.tsv"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("preprocess.input.val: 0 bytes in 1 files (expected: at least a row)");
  }

  @Test
  void unknownFileSystemsAreRefused() {
    assertThatThrownBy(() -> InputListing.list(FILES, "val", List.of("nofs://host/a.tsv")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("nofs://host/a.tsv: No FileSystem for scheme \"nofs\" (expected: ");
  }

  @Test
  void fileSystemsThatCannotBeReachedAreNamed() {
    assertThatThrownBy(() -> InputListing.list(FILES, "val", List.of("hdfs:/a.tsv")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(
            "preprocess.input.val: hdfs:/a.tsv (expected: files that can be read); ")
        .hasCauseInstanceOf(IOException.class);
  }

  @Test
  void filesThatChangeAreNoticed() throws IOException {
    InputFile file = list("b.tsv").files().get(0);
    assertThatCode(() -> file.requireUnchanged(FILES, "preprocess.input.val"))
        .doesNotThrowAnyException();
    Files.writeString(directory.resolve("b.tsv"), "x\ny\n");
    assertThatThrownBy(() -> file.requireUnchanged(FILES, "preprocess.input.val"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "preprocess.input.val: file:%s/b.tsv changed while it was read".formatted(directory)
                + " (expected: a file that stays as it is); run again");
  }

  private SplitFiles list(String... names) {
    List<String> paths = List.of(names).stream().map(name -> directory + "/" + name).toList();
    return InputListing.list(FILES, "val", paths);
  }

  private List<String> names(String... names) {
    String root = directory.toUri().getPath();
    return list(names).files().stream()
        .map(file -> file.path().substring(("file:" + root).length()))
        .toList();
  }
}
