package org.ofaspark.jobs.finetune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.hdfs.BlockMissingException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.checkpoint.Validation;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.jobs.cluster.LogLines;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.HashedFile;
import org.ofaspark.jobs.storage.OnlyAttempt;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.task.caption.CaptionTask;

class CheckpointsTest {

  private static final String WEIGHTS = "model.safetensors";

  @TempDir private Path folder;
  private final HadoopFiles files = new HadoopFiles(new Configuration());
  private RunDirectory run;

  @BeforeEach
  void nameRun() throws IOException {
    run = new RunDirectory(files, folder.toString());
  }

  private Checkpoints checkpoints(String... overrides) {
    return new Checkpoints(
        run, files, NanoRecipe.of(new CaptionTask(), folder, "run", overrides).train());
  }

  private Manifest write(long update) throws IOException {
    FileEntry file =
        HashedFile.write(
            files,
            OnlyAttempt.directory(run, update),
            WEIGHTS,
            out -> out.write(new byte[] {1, 2, (byte) update}));
    var manifest =
        new Manifest(Manifest.VERSION, update, 1, 1, 3, 0, 1, 0, List.of(file), Map.of());
    OnlyAttempt.commit(run, manifest);
    return manifest;
  }

  private Path file(long update) {
    return Path.of(run.checkpoint(update).replaceFirst("^file:", "")).resolve(WEIGHTS);
  }

  /** Overwrites a file, and Hadoop's own check sums with it. */
  private static void damage(Path file, byte... bytes) throws IOException {
    Files.write(file, bytes);
    Files.delete(file.resolveSibling("." + file.getFileName() + ".crc"));
  }

  @Test
  void newRunHasNone() throws IOException {
    assertThat(checkpoints().lastGood()).isEmpty();
  }

  @Test
  void lastIsTheOneWithTheMostUpdates() throws IOException {
    write(9);
    Manifest last = write(10);
    assertThat(checkpoints().lastGood()).contains(last);
  }

  @Test
  void flippedBitIsFoundAndTheOneBeforeIsUsed() throws IOException {
    Manifest before = write(9);
    write(10);
    damage(file(10), (byte) 1, (byte) 3, (byte) 10);

    assertThat(checkpoints().lastGood()).contains(before);
    assertThat(run.checkpoints()).containsExactly(9L);
    assertThat(files.list(run.path() + "/checkpoints"))
        .anyMatch(name -> name.startsWith("damaged-update-00000010-"));
  }

  @Test
  void checkpointOfAnotherVersionIsNotTakenForDamaged() throws IOException {
    write(9);
    write(10);
    var other = new Manifest(Manifest.VERSION + 1, 10, 1, 1, 3, 0, 1, 0, List.of(), Map.of());
    files.writeText(run.checkpoint(10) + "/" + Manifest.FILE, other.toJson());

    assertThatThrownBy(checkpoints()::lastGood)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("version 4 (expected: 3); another version of this program wrote it");
    assertThat(run.checkpoints()).containsExactly(9L, 10L);
  }

  @Test
  void truncatedMissingAndUnreadableFilesAreFound() throws IOException {
    Manifest before = write(7);
    write(8);
    write(9);
    write(10);
    damage(file(8), (byte) 1, (byte) 2);
    Files.delete(file(9));
    Files.write(file(10), new byte[] {1, 3, 10}); // Hadoop refuses to read it

    assertThat(checkpoints().lastGood()).contains(before);
  }

  @Test
  void nothingButDamagedCheckpointsAreSetAsideForANewStart() throws IOException {
    write(10);
    Files.writeString(file(10).resolveSibling(Manifest.FILE), "{");

    try (var log = new LogLines(Checkpoints.class)) {
      assertThat(checkpoints().lastGood()).isEmpty();
      assertThat(log.lines()).singleElement().asString().endsWith("resumes from its start");
    }
    assertThat(files.list(run.path() + "/checkpoints"))
        .singleElement()
        .asString()
        .startsWith("damaged-update-00000010-");
  }

  /** On HDFS a block whose nodes are away cannot be read, and may be back soon. */
  @Test
  void checkpointThatCannotBeReadNowIsOnlySetAsideForAnother() throws IOException {
    Manifest before = write(9);
    write(10);
    var configuration = new Configuration();
    configuration.setClass("fs.file.impl", WithoutNodes.class, LocalFileSystem.class);
    configuration.setBoolean("fs.file.impl.disable.cache", true);
    var checkpoints =
        new Checkpoints(
            run,
            new HadoopFiles(configuration),
            NanoRecipe.of(new CaptionTask(), folder, "run").train());
    run.checkpointWriter().delete(9);
    assertThatThrownBy(checkpoints::lastGood).isInstanceOf(BlockMissingException.class);
    assertThat(run.checkpoints()).containsExactly(10L);

    write(9);
    assertThat(checkpoints.lastGood()).contains(before);
    assertThat(run.checkpoints()).containsExactly(9L);
  }

  /** The local disk, without the nodes that have the weights of update 10. */
  public static final class WithoutNodes extends LocalFileSystem {
    @Override
    public FSDataInputStream open(org.apache.hadoop.fs.Path path, int bufferSize)
        throws IOException {
      if (path.toString().endsWith("/update-00000010/" + WEIGHTS)) {
        throw new BlockMissingException(path.toString(), "Could not obtain block", 0);
      }
      return super.open(path, bufferSize);
    }
  }

  @Test
  void bestAndLastStay() throws IOException {
    Checkpoints checkpoints = checkpoints("train.keep-last-checkpoints=1");
    double[] losses = {3, 1, 2, Double.NaN, 4};
    for (int i = 0; i < losses.length; i++) {
      checkpoints.measured(write(i + 1), Map.of("loss", losses[i]), 1);
    }
    checkpoints.prune();

    assertThat(run.checkpoints()).containsExactly(2L, 5L);
    assertThat(run.best()).contains(2L);
  }

  @Test
  void severalOfTheBestAndOfTheLastStay() throws IOException {
    Checkpoints checkpoints =
        checkpoints("train.keep-last-checkpoints=2", "train.keep-best-checkpoints=3");
    double[] losses = {5, 1, 3, 3, 4, 6, 7}; // of equal ones the earlier is better
    for (int i = 0; i < losses.length; i++) {
      checkpoints.measured(write(i + 1), Map.of("loss", losses[i]), 1);
      checkpoints.prune();
    }

    assertThat(run.checkpoints()).containsExactly(2L, 3L, 4L, 6L, 7L);
    assertThat(run.best()).contains(2L);
  }

  @Test
  void moreCanBeBetter() throws IOException {
    Checkpoints checkpoints =
        checkpoints(
            "train.best-checkpoint-metric=cider", "train.maximize-best-checkpoint-metric=true");
    checkpoints.measured(write(1), Map.of("cider", Double.NaN), 1);
    assertThat(run.best()).isEmpty();
    checkpoints.measured(write(2), Map.of("cider", 0.5), 1);
    checkpoints.measured(write(3), Map.of("cider", 0.4), 1);

    assertThat(run.best()).contains(2L);
  }

  @Test
  void validationWithoutAFiniteAnswerIsNoneThatCounts() throws IOException {
    checkpoints().measured(write(1), Map.of("loss", 3.0), 1);
    Manifest measured;
    try (var log = new LogLines(Checkpoints.class)) {
      measured = checkpoints().measured(write(2), Map.of(), 1);
      assertThat(log.lines())
          .containsExactly(
              "WARN The validation of update 2 has no loss (expected: a finite answer to one"
                  + " example at least); its checkpoint cannot be the best");
    }

    assertThat(measured.metrics()).containsExactly(Map.entry("loss", Double.NaN));
    assertThat(checkpoints().lastGood()).contains(measured);
    assertThat(run.best()).contains(1L);
    assertThat(files.readText(run.validMetrics()))
        .contains("{\"update\":2,\"epoch\":1,\"loss\":NaN");
  }

  @Test
  void metricsOfUpdatesThatAreMadeAgainAreForgotten() throws IOException {
    for (int update = 2; update <= 8; update += 2) {
      files.writeText(run.trainMetrics(update - 2), "{\"update\":%d}\n".formatted(update));
      checkpoints().measured(write(update), Map.of("loss", 9.0 - update), 1);
    }
    damage(file(6), (byte) 1);
    damage(file(8), (byte) 1);

    assertThat(checkpoints().lastGood().map(Manifest::updateNumber)).contains(4L);
    assertThat(run.trainMetrics())
        .containsExactly(run.trainMetrics(0), run.trainMetrics(2), run.trainMetrics(4));
    assertThat(files.readText(run.validMetrics()).lines())
        .satisfiesExactly(
            line -> assertThat(line).startsWith("{\"update\":2,"),
            line -> assertThat(line).startsWith("{\"update\":4,"));
    assertThat(run.best()).contains(4L);
  }

  /** Nobody reads an old checkpoint again before the best is to be found, or old ones deleted. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void bestWhoseManifestIsDamagedIsSetAsideAndTheNextBestStands(boolean isChecked)
      throws IOException {
    checkpoints().measured(write(1), Map.of("loss", 1.0), 1);
    checkpoints().measured(write(2), Map.of("loss", 2.0), 1);
    Path manifest = file(1).resolveSibling(Manifest.FILE);
    Files.writeString(manifest, "{");
    if (!isChecked) {
      Files.delete(manifest.resolveSibling("." + Manifest.FILE + ".crc"));
    }

    checkpoints().measured(write(3), Map.of("loss", 3.0), 1);

    assertThat(run.best()).contains(2L);
    assertThat(run.checkpoints()).containsExactly(2L, 3L);
    assertThat(files.list(run.path() + "/checkpoints"))
        .anyMatch(name -> name.startsWith("damaged-update-00000001-"));
  }

  @Test
  void bestThatIsNoLongerThereIsNone() throws IOException {
    checkpoints().measured(write(1), Map.of("loss", 1.0), 1);
    write(2);
    run.checkpointWriter().setAside(1);

    assertThat(run.best()).isEmpty();
    assertThatThrownBy(() -> run.bestCheckpoint("--weights"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("(expected: a run with a validated checkpoint)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "?", "update-", "update-99999999999999999999", "update-5\nupdate-6"})
  void damagedNameOfTheBestIsToldAndWrittenAnew(String text) throws IOException {
    checkpoints().measured(write(1), Map.of("loss", 3.0), 1);
    String best = run.path() + "/checkpoints/best";
    files.writeText(best, text);

    assertThatThrownBy(() -> run.bestCheckpoint("--weights"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(best + ": \"")
        .hasMessageContaining(
            "(expected: the name of the best checkpoint, such as update-00000500)");
    try (var log = new LogLines(RunDirectory.class)) {
      assertThat(run.best()).isEmpty();
      assertThat(log.lines()).singleElement().asString().startsWith("WARN " + best);
    }
    checkpoints().lastGood();
    assertThat(run.best()).contains(1L);
  }

  @Test
  void validationLeavesTheManifestAsItWas() throws IOException {
    Path manifest = file(1).resolveSibling(Manifest.FILE);
    write(1);
    byte[] before = Files.readAllBytes(manifest);
    Manifest measured = checkpoints().measured(run.manifest(1), Map.of("loss", 3.0), 1);

    assertThat(manifest).hasBinaryContent(before);
    assertThat(measured.metrics()).containsEntry("loss", 3.0);
    assertThat(run.manifest(1)).isEqualTo(measured);
  }

  @Test
  void metricsThatAnEarlierVersionHasWrittenIntoTheManifestAreRead() throws IOException {
    write(1);
    Manifest validated = run.manifest(1).with(Map.of("loss", 3.0));
    files.writeText(run.checkpoint(1) + "/" + Manifest.FILE, validated.toJson());

    assertThat(checkpoints().lastGood()).contains(validated);
    assertThat(run.best()).contains(1L);
  }

  @Test
  void damagedValidationIsNone() throws IOException {
    Manifest written = write(1);
    checkpoints().measured(written, Map.of("loss", 3.0), 1);
    files.writeText(run.checkpoint(1) + "/" + Validation.FILE, "{\"metrics\": {\"lo");

    try (var log = new LogLines(RunDirectory.class)) {
      assertThat(checkpoints().lastGood()).contains(written);
      assertThat(log.lines())
          .isNotEmpty()
          .allSatisfy(
              line ->
                  assertThat(line)
                      .startsWith("WARN " + run.checkpoint(1) + "/validation.json: damaged")
                      .endsWith("; the checkpoint counts as not validated"));
    }
  }

  @Test
  void checkpointThatHasLostItsManifestIsSetAside() throws IOException {
    Manifest before = write(9);
    write(10);
    Files.delete(file(10).resolveSibling(Manifest.FILE));

    assertThat(checkpoints().lastGood()).contains(before);
    assertThat(files.list(run.path() + "/checkpoints"))
        .hasSize(2)
        .anyMatch(name -> name.startsWith("damaged-update-00000010-"));
  }

  @Test
  void validationThatIsRepeatedAfterAKillHasOneLine() throws IOException {
    checkpoints().measured(write(1), Map.of("loss", 3.0), 1);
    checkpoints().measured(write(12), Map.of("loss", 2.0), 1);
    checkpoints().measured(write(1), Map.of("loss", 1.0), 1);

    assertThat(files.readText(run.validMetrics()).lines())
        .hasSize(2)
        .satisfiesExactly(
            line -> assertThat(line).startsWith("{\"update\":12,").contains("\"loss\":2.0"),
            line -> assertThat(line).startsWith("{\"update\":1,").contains("\"loss\":1.0"));
  }
}
