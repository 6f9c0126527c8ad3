package org.ofaspark.jobs.finetune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.jobs.cluster.LogLines;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.OnlyAttempt;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.jobs.table.TableInfo;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.caption.CaptionTask;

class RunProvenanceTest {

  @TempDir private Path folder;
  private final HadoopFiles files = new HadoopFiles(new Configuration());
  private RunDirectory run;

  @BeforeEach
  void startRun() throws IOException {
    run = new RunDirectory(files, folder.resolve("run").toString());
    start("aa", "bb");
  }

  private void start(String train, String val, String... overrides) throws IOException {
    Recipe recipe = NanoRecipe.of(new CaptionTask(), folder, "run", overrides);
    var table =
        new TableInfo(
            TableInfo.SCHEMA_VERSION,
            "caption",
            Map.of(),
            TableInfo.dataOf(recipe),
            "dd",
            Map.of("train", train, "val", val),
            "code",
            recipe.resolvedText());
    RunProvenance.write(files, run, recipe, table, 2, 100);
  }

  @Test
  void sameRunGoesOnWithOtherExamplesToValidate() {
    assertThatCode(() -> start("aa", "cc", "data.table=/moved", "train.log-interval=7"))
        .doesNotThrowAnyException();
  }

  @Test
  void otherTrainingExamplesAreRefused() {
    assertThatThrownBy(() -> start("cc", "bb"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("data.table: ")
        .hasMessageContaining("has other training examples than the run in " + run.path())
        .hasMessageEndingWith("choose another run-dir for a new run");
  }

  @Test
  void checkpointsWithoutARecipeAreRefused() throws IOException {
    OnlyAttempt.commit(
        run, new Manifest(Manifest.VERSION, 1, 1, 1, 3, 0, 1, 0, List.of(), Map.of()));
    files.delete(run.recipe());

    assertThatThrownBy(() -> start("aa", "bb", "optimizer.lr=5e-3"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "run-dir: %s holds 1 checkpoints and no recipe.conf (expected: the recipe that they"
                + " were made by, to go on); bring it back, or choose another run-dir for a new"
                + " run",
            run.path());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{\"examples_sh", "[]", "{\"examples_sha256\": {}}", "null"})
  void damagedProvenanceIsToldAndTheRunGoesOn(String text) throws IOException {
    files.writeText(run.provenance(), text);
    try (var log = new LogLines(RunProvenance.class)) {
      start("aa", "bb");
      assertThat(log.lines())
          .singleElement()
          .asString()
          .startsWith("WARN " + run.provenance() + ": damaged or missing (expected: what the run");
    }
  }

  @Test
  void whatCheckpointsDependOnMayNotChange() {
    assertThatThrownBy(() -> start("aa", "bb", "train.collective-precision=bf16"))
        .hasMessageContaining("holds a run whose recipe differs in [train.collective-precision]");
    assertThatThrownBy(() -> start("aa", "bb", "train.precision=bf16", "ema.decay=0.9"))
        .hasMessageContaining("holds a run whose recipe differs in [ema.decay, train.precision]");
  }
}
