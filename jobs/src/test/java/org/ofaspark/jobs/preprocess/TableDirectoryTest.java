package org.ofaspark.jobs.preprocess;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.ofaspark.jobs.storage.HadoopFiles;

class TableDirectoryTest {

  private static final HadoopFiles FILES = new HadoopFiles(new Configuration());

  @TempDir private Path parent;
  private String path = "";

  @BeforeEach
  void namePath() {
    path = parent.resolve("table").toString();
  }

  @ParameterizedTest
  @EnumSource
  void newAndEmptyDirectoriesAreTaken(ExistingTable existing) throws IOException {
    TableDirectory table = new TableDirectory(FILES, path);
    table.claim(existing);
    assertThat(FILES.list(path)).containsExactly("_incomplete");

    FILES.delete(path + "/_incomplete");
    table.claim(existing);
    assertThat(FILES.list(path)).containsExactly("_incomplete");
  }

  @ParameterizedTest
  @CsvSource({
    "_table.json, '', the table that is there",
    "_incomplete, ' holds what a preprocess has left that failed or is still at work', it"
  })
  void tablesAndWhatIsLeftOfThemAreReplacedOnlyOnDemand(String mark, String what, String it)
      throws IOException {
    FILES.writeText(path + "/" + mark, "{}");
    FILES.writeText(path + "/train/part-0.parquet", "x");
    TableDirectory table = new TableDirectory(FILES, path);
    assertThatThrownBy(() -> table.claim(ExistingTable.REFUSE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "data.table: %s%s (expected: a new or empty directory);"
                + " name another, or replace %s by --overwrite",
            path, what, it);
    assertThat(FILES.list(path)).containsExactly(mark, "train");

    table.claim(ExistingTable.REPLACE);
    assertThat(FILES.list(path)).containsExactly("_incomplete");
  }

  @ParameterizedTest
  @EnumSource
  void directoriesThatAreNoTableAreNeverDeleted(ExistingTable existing) throws IOException {
    FILES.writeText(path + "/photo.jpg", "x");
    TableDirectory table = new TableDirectory(FILES, path);
    assertThatThrownBy(() -> table.claim(existing))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "data.table: %s (expected: a new or empty directory, or a table); it holds photo.jpg",
            path);
    assertThat(FILES.list(path)).containsExactly("photo.jpg");
  }

  @Test
  void filesAreNeverDeleted() throws IOException {
    Files.writeString(parent.resolve("table"), "x");
    TableDirectory table = new TableDirectory(FILES, path);
    assertThatThrownBy(() -> table.claim(ExistingTable.REPLACE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(
            "data.table: %s (expected: a new or empty directory".formatted(path));
    assertThat(parent.resolve("table")).hasContent("x");
  }
}
