package org.ofaspark.jobs.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.table.TableInfo.SplitCounts;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;

class TableInfoTest {

  private static final HadoopFiles FILES = new HadoopFiles(new Configuration());

  @TempDir private Path directory;

  @Test
  void infosComeBack() throws IOException {
    TableInfo info = info(caption());
    info.write(FILES, directory.toString());
    assertThat(TableInfo.read(FILES, directory.toString())).isEqualTo(info);
  }

  @Test
  void infosOfEarlierVersionsHaveOtherKeys() throws IOException {
    TableInfo info = info(caption());
    info.write(FILES, directory.toString());
    String text = FILES.readText(file());
    String before =
        text.replace("schema_version", "schemaVersion")
            .replace("dictionary_sha256", "dictionarySha256")
            .replace("input_sha256", "inputSha256");
    assertThat(before).hasSize(text.length() - 3);
    FILES.writeText(file(), before);
    TableInfo read = TableInfo.read(FILES, directory.toString());
    assertThat(read).isEqualTo(info);
    assertThat(read.fingerprint("train")).isEqualTo(info.fingerprint("train"));
  }

  @Test
  void directoriesWithoutInfoAreNoTables() {
    assertThatThrownBy(() -> TableInfo.read(FILES, directory.toString()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "data.table: %s (expected: a directory that preprocess has written);"
                + " run submit/preprocess",
            directory);
  }

  @Test
  void otherVersionsAreRefused() throws IOException {
    FILES.writeText(file(), "{\"schema_version\": 2}");
    assertThatThrownBy(() -> TableInfo.read(FILES, directory.toString()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("%s: schema version 2 (expected: 1); run submit/preprocess again", file());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[]",
        "null",
        "{\"schema_version\": null}",
        "{\"schema_version\": \"one\"}",
        "{\"schema_version\": 1}",
        "{\"schema_version\": 1, \"splits\": 3}"
      })
  void damagedInfosAreRefused(String text) throws IOException {
    FILES.writeText(file(), text);
    assertThatThrownBy(() -> TableInfo.read(FILES, directory.toString()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "%s: damaged (expected: a table's description); run submit/preprocess again", file());
  }

  @Test
  void onlySplitsOfTheTableCanBeAskedFor() {
    TableInfo info = info(caption());
    assertThat(info.requireSplit("data.train-split", "train").examples()).isEqualTo(7);
    assertThatThrownBy(() -> info.requireSplit("data.valid-split", "test"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("data.valid-split: test (expected: one of [train, val], which the table has)");
  }

  @Test
  void recipesFitWhoseExamplesWouldBeTheSame() {
    TableInfo info = info(caption());
    assertThatCode(() -> info.requireFits(caption("optimizer.lr=1", "data.patch-image-size=64")))
        .doesNotThrowAnyException();
    assertThatThrownBy(
            () -> info.requireFits(caption("data.max-tgt-length=5", "data.train-split=val")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "data.max-tgt-length: 5 (expected: 20), data.train-split: val (expected: train),"
                + " as the table /table was made; change the recipe or run submit/preprocess with"
                + " it");
    Recipe refcoco = recipe("refcoco/train_refcoco_el.conf");
    assertThatThrownBy(() -> info.requireFits(refcoco))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("task: refcoco (expected: caption), as the table /table was made;");
  }

  private static TableInfo info(Recipe recipe) {
    return new TableInfo(
        TableInfo.SCHEMA_VERSION,
        "caption",
        Map.of(
            "train", new SplitCounts(10, 7, Map.of("bad-base64", 2L, "nul", 1L)),
            "val", new SplitCounts(3, 3, Map.of())),
        TableInfo.dataOf(recipe),
        "0a",
        Map.of("train", "0b", "val", "0c"),
        "0.1.0",
        recipe.resolvedText());
  }

  private static Recipe caption(String... overrides) {
    return recipe("caption/train_caption_stage1_el.conf", overrides);
  }

  private static Recipe recipe(String name, String... overrides) {
    List<String> all = new ArrayList<>(List.of(overrides));
    all.add("data.table=/table");
    return RecipeReader.read(name, all);
  }

  private String file() {
    return directory + "/" + TableInfo.FILE;
  }
}
