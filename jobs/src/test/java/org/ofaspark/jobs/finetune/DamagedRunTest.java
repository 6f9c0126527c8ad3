package org.ofaspark.jobs.finetune;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.cluster.LogLines;
import org.ofaspark.jobs.preprocess.ExistingTable;
import org.ofaspark.jobs.preprocess.Preprocess;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.caption.CaptionTask;

/** Runs whose storage flips a bit of a checkpoint, before a resume and while they train. */
class DamagedRunTest {

  private static final String WEIGHTS = "model.safetensors";
  private static final String SHARD_1 = "optimizer-00001-of-00002.safetensors";
  private static final String SHARD_2 = "optimizer-00002-of-00002.safetensors";
  private static final List<String> FILES =
      List.of(WEIGHTS, SHARD_1, SHARD_2, "ema/model.safetensors");

  @TempDir private static Path folder;
  private static SparkSession spark;

  @BeforeAll
  static void start() throws IOException {
    spark = LocalSpark.start("local[2]");
    new Preprocess(spark, recipe("unused")).run(ExistingTable.REFUSE);
    finetune("undisturbed");
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  /** Four updates in four segments, validated at the end, with an average, and no second try. */
  private static Recipe recipe(String run, String... overrides) {
    List<String> all =
        new ArrayList<>(
            List.of("ema.decay=0.9", "train.save-interval-updates=1", "train.max-failures=0"));
    all.addAll(List.of(overrides));
    return NanoRecipe.of(new CaptionTask(), folder, run, all.toArray(String[]::new));
  }

  /** Trains to the end; returns the warnings. */
  private static List<String> finetune(String run, String... overrides) throws IOException {
    try (var log = new LogLines(Checkpoints.class)) {
      assertThat(new Finetune(spark, recipe(run, overrides), 2).run().updateNumber()).isEqualTo(4);
      return log.lines();
    }
  }

  private static void copyUndisturbed(String run) throws IOException {
    try (Stream<Path> files = Files.walk(folder.resolve("undisturbed"))) {
      for (Path file : files.toList()) {
        Files.copy(
            file, folder.resolve(run).resolve(folder.resolve("undisturbed").relativize(file)));
      }
    }
  }

  private static List<String> finetuneOn(Class<? extends FileSystem> storage, String run)
      throws IOException {
    var hadoop = spark.sparkContext().hadoopConfiguration();
    hadoop.set("fs.damaged.impl", storage.getName());
    hadoop.setBoolean("fs.damaged.impl.disable.cache", true);
    return finetune(run, "run-dir=\"damaged://%s\"".formatted(folder.resolve(run)));
  }

  private static Path checkpoint(String run, long update) {
    return folder.resolve("%s/checkpoints/update-%08d".formatted(run, update));
  }

  private static void assertUndisturbed(String run) throws IOException {
    Path expected = checkpoint("undisturbed", 4);
    for (String directory : List.of("", RunDirectory.EMA)) {
      RunWeights.assertSame(
          RunWeights.read(checkpoint(run, 4).resolve(directory)),
          RunWeights.read(expected.resolve(directory)));
    }
    for (String shard : List.of(SHARD_1, SHARD_2)) {
      assertThat(checkpoint(run, 4).resolve(shard)).hasSameBinaryContentAs(expected.resolve(shard));
    }
  }

  /** Each of the files in turn: the run goes back, and finds the next one damaged. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void damageWhileARunTrainsCostsThatCheckpointOnly(boolean isChecked) throws IOException {
    String run = "running-" + isChecked;
    DamagingFileSystem.damageNext(FILES.stream().map(file -> "update-00000003/" + file).toList());

    List<String> warnings =
        finetuneOn(isChecked ? DamagingFileSystem.Checked.class : DamagingFileSystem.class, run);

    assertThat(warnings).hasSize(FILES.size());
    for (int i = 0; i < FILES.size(); i++) {
      assertThat(warnings.get(i))
          .startsWith("WARN A checkpoint is damaged and set aside as damaged:")
          .contains("damaged-update-00000003-")
          .contains("/" + FILES.get(i))
          .endsWith("; the run resumes from update 2");
    }
    assertUndisturbed(run);
  }

  @Test
  void damageBeforeAResumeCostsThatCheckpointOnly() throws IOException {
    copyUndisturbed("resumed");
    for (String file : FILES) {
      Path damaged = checkpoint("resumed", 4).resolve(file);
      DamagingFileSystem.flip(damaged);
      if (!file.equals(SHARD_2)) {
        Files.delete(damaged.resolveSibling("." + damaged.getFileName() + ".crc"));
      }

      assertThat(finetune("resumed"))
          .singleElement()
          .asString()
          .contains("damaged-update-00000004-")
          .contains("/" + file)
          .endsWith("; the run resumes from update 3");
      assertUndisturbed("resumed");
    }
  }

  /** The validation reads the last checkpoint, and the ranks have later states in memory. */
  @Test
  void damageThatAValidationFindsIsTrainedAgain() throws IOException {
    DamagingFileSystem.damageNext(List.of("update-00000004/" + WEIGHTS));

    assertThat(finetuneOn(DamagingFileSystem.class, "validated"))
        .singleElement()
        .asString()
        .endsWith("; the run resumes from update 3");
    assertUndisturbed("validated");
  }

  /** When the validation's metrics are noted, the manifests are read to find the best. */
  @Test
  void damageThatIsFoundAfterTheLastValidationIsTrainedAgain() throws IOException {
    DamagingFileSystem.damageNext(List.of("validation.json/../" + Manifest.FILE));

    assertThat(finetuneOn(DamagingFileSystem.class, "ended"))
        .isNotEmpty()
        .allSatisfy(line -> assertThat(line).contains("damaged-update-00000004-"));
    assertUndisturbed("ended");
  }

  @Test
  void damageThatNobodyHasReadByTheEndIsTrainedAgain() throws IOException {
    DamagingFileSystem.damageNext(List.of("update-00000004/" + SHARD_2));

    assertThat(finetuneOn(DamagingFileSystem.class, "unread"))
        .singleElement()
        .asString()
        .contains("damaged-update-00000004-");
    assertUndisturbed("unread");
  }

  @Test
  void runWithoutAGoodCheckpointStartsAgain() throws IOException {
    copyUndisturbed("restarted");
    for (int update = 1; update <= 4; update++) {
      Files.writeString(checkpoint("restarted", update).resolve(Manifest.FILE), "{");
    }

    assertThat(finetune("restarted"))
        .hasSize(4)
        .allSatisfy(line -> assertThat(line).endsWith("; the run resumes from its start"));
    assertUndisturbed("restarted");
  }
}
