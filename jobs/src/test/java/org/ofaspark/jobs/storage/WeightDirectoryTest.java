package org.ofaspark.jobs.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.format.BadCheckpointException;

class WeightDirectoryTest {

  private static final HadoopFiles FILES = new HadoopFiles(new Configuration());

  @TempDir private Path folder;

  private String path(String name) {
    return folder.resolve(name).toString();
  }

  private String resolve(String name) throws IOException {
    return WeightDirectory.resolve(FILES, "--weights", path(name));
  }

  /** Writes a checkpoint whose weights are its number. */
  private static void write(RunDirectory run, long update) throws IOException {
    String unfinished = OnlyAttempt.directory(run, update);
    FileEntry weights =
        HashedFile.write(FILES, unfinished, WeightFiles.SINGLE, out -> out.write((int) update));
    OnlyAttempt.commit(
        run, new Manifest(Manifest.VERSION, update, 1, 1, 3, 0, 1, 0, List.of(weights), Map.of()));
  }

  @Test
  void directoryOfWeightsIsMeantItself() throws IOException {
    FILES.writeText(path("imported/" + WeightFiles.SINGLE), "");
    FILES.writeText(path("sharded/" + WeightFiles.INDEX), "");
    assertThat(resolve("imported")).isEqualTo("file:" + path("imported"));
    assertThat(resolve("sharded")).isEqualTo("file:" + path("sharded"));
  }

  @Test
  void runMeansItsBestCheckpoint() throws IOException {
    var run = new RunDirectory(FILES, path("run"));
    write(run, 3);
    write(run, 5);
    run.checkpointWriter().markBest(3);
    assertThat(resolve("run")).isEqualTo(run.checkpoint(3));
  }

  @Test
  void weightsThatAreNotAsTheyWereWrittenAreRefused() throws IOException {
    var run = new RunDirectory(FILES, path("run"));
    write(run, 3);
    run.checkpointWriter().markBest(3);
    FILES.writeText(run.checkpoint(3) + "/" + WeightFiles.SINGLE, "4");
    String weights = resolve("run");
    assertThatThrownBy(() -> WeightDirectory.verify(FILES, weights))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessageMatching(
            "file:.*/update-00000003/model.safetensors: 1 bytes, SHA-256 [0-9a-f]{64}"
                + " \\(expected: 1 bytes, [0-9a-f]{64}\\)");
  }

  @Test
  void runWithoutValidationIsAnError() throws IOException {
    var run = new RunDirectory(FILES, path("run"));
    write(run, 3);
    assertThatThrownBy(() -> resolve("run"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageMatching(
            "--weights: file:.*/run \\(expected: a run with a validated checkpoint\\);"
                + " run submit/finetune first, or name a directory of weights");
  }

  @Test
  void checkpointOfUpstreamsIsToBeImportedFirst() throws IOException {
    FILES.writeText(path("ofa_tiny.pt"), "");
    assertThatThrownBy(() -> resolve("ofa_tiny.pt"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageMatching(
            "--weights: file:.*/ofa_tiny.pt: a file \\(expected: a directory of weights\\);"
                + " .*run submit/import FILE DIRECTORY.*");
    assertThatThrownBy(() -> resolve("nothing"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("nothing: not there (expected: a directory of weights)");
  }
}
