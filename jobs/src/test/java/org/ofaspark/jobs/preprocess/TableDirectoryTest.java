package org.ofaspark.jobs.preprocess;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.table.TableInfo;
import org.ofaspark.jobs.table.TableInfo.SplitCounts;

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
    TableDirectory table = new TableDirectory(FILES, path, Set.of("train"));
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
    TableDirectory table = new TableDirectory(FILES, path, Set.of("train"));
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
    TableDirectory table = new TableDirectory(FILES, path, Set.of("train"));
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
    TableDirectory table = new TableDirectory(FILES, path, Set.of("train"));
    assertThatThrownBy(() -> table.claim(ExistingTable.REPLACE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(
            "data.table: %s (expected: a new or empty directory".formatted(path));
    assertThat(parent.resolve("table")).hasContent("x");
  }

  /** Writes what a table with the splits dev and train has, as a finished run left it. */
  private void writeTable() throws IOException {
    for (String name :
        new String[] {
          "dict.txt", "train/part-0.parquet", "dev/part-0.parquet", "rejects/dev/part-00000.json"
        }) {
      FILES.writeText(path + "/" + name, "x");
    }
    Map<String, SplitCounts> splits = Map.of("dev", counts(), "train", counts());
    new TableInfo(
            TableInfo.SCHEMA_VERSION, "caption", splits, Map.of(), "0a", Map.of(), "0.1.0", "")
        .write(FILES, path);
  }

  private static SplitCounts counts() {
    return new SplitCounts(1, 1, Map.of());
  }

  @ParameterizedTest
  @ValueSource(strings = {"run/checkpoints/best", "notes.txt", "test/part-0.parquet", ".hidden"})
  void othersFilesBesideATableKeepItFromBeingReplaced(String file) throws IOException {
    writeTable();
    FILES.writeText(path + "/" + file, "x");
    TableDirectory table = new TableDirectory(FILES, path, Set.of("train", "test"));
    assertThatThrownBy(() -> table.claim(ExistingTable.REPLACE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "data.table: %s (expected: a table and nothing else, to be replaced); it also holds %s;"
                + " move these, or name another directory",
            path, Path.of(file).getName(0));
    assertThat(FILES.list(path)).contains("_table.json", "dict.txt", "dev", "train", "rejects");
    assertThat(parent.resolve("table").resolve(file)).exists();
  }

  @Test
  void splitsOfTheOldTableAreDeletedAndAlsoAfterAKillInBetween() throws IOException {
    writeTable();
    Set<String> splits = Set.of("train");
    new TableDirectory(FILES, path, splits).claim(ExistingTable.REPLACE);
    assertThat(FILES.list(path)).containsExactly("_incomplete");

    FILES.writeText(path + "/dev/part-0.parquet", "x"); // killed before this was deleted
    FILES.writeText(path + "/train._unique/part-0.parquet", "x");
    FILES.writeText(path + "/.dict.txt.0a-0b.tmp", "x");
    new TableDirectory(FILES, path, Set.of("other")).claim(ExistingTable.REPLACE);
    assertThat(FILES.list(path)).containsExactly("_incomplete");
  }
}
