package org.ofaspark.jobs.finetune;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.jobs.cluster.LogLines;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.OnlyAttempt;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.nn.StateDict;
import org.ofaspark.nn.TensorSpec;
import org.ofaspark.nn.TensorSpec.Initializer;
import org.ofaspark.nn.TensorSpec.Role;
import org.ofaspark.optim.Adam;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.caption.CaptionTask;

/** Checkpoints that a disk has changed: one bit of one file, or its end. */
class DamagedCheckpointTest {

  private static final int DAMAGES = 1000;
  private static final long BEFORE = 4;
  private static final long LAST = 8;

  private static final List<TensorSpec> SPECS =
      List.of(
          new TensorSpec("a.weight", new Shape(3, 4), Role.TRAINABLE, Initializer.ZEROS),
          new TensorSpec("a.running_var", new Shape(5), Role.BUFFER, Initializer.ZEROS));

  @TempDir private Path folder;

  /** The local disk without Hadoop's own check sums, so that ours have to find the damage. */
  private static HadoopFiles withoutChecksums() {
    var configuration = new Configuration();
    configuration.setClass("fs.file.impl", RawLocalFileSystem.class, RawLocalFileSystem.class);
    configuration.setBoolean("fs.file.impl.disable.cache", true);
    return new HadoopFiles(configuration);
  }

  private void write(HadoopFiles files, RunDirectory run, Recipe recipe, long update)
      throws IOException {
    try (NDManager manager = TestDevice.newManager();
        StateDict state = new StateDict(SPECS, manager);
        Adam adam = new Adam(recipe.optimizer(), manager, 12)) {
      state.initialize(update);
      var checkpoint = new CheckpointFiles(files, OnlyAttempt.directory(run, update));
      List<FileEntry> written = new ArrayList<>(checkpoint.writeWeights("", state));
      written.add(checkpoint.writeOptimizer(0, 1, adam, 0));
      OnlyAttempt.commit(
          run,
          new Manifest(Manifest.VERSION, update, 1, 1, 12, 0, 1, 0, written, Map.of("loss", 1.5)));
    }
  }

  /** Flips a bit of a file, or cuts it. */
  private static byte[] damaged(byte[] file, Random random) {
    if (random.nextInt(4) == 0) {
      return Arrays.copyOf(file, random.nextInt(file.length));
    }
    byte[] flipped = file.clone();
    flipped[random.nextInt(file.length)] ^= (byte) (1 << random.nextInt(Byte.SIZE));
    return flipped;
  }

  @Test
  void everyDamageIsFoundAndTheCheckpointBeforeIsUsed() throws IOException {
    HadoopFiles files = withoutChecksums();
    var run = new RunDirectory(files, folder.toString());
    Recipe recipe = NanoRecipe.of(new CaptionTask(), folder, "unused");
    var checkpoints = new Checkpoints(run, files, recipe.train());
    write(files, run, recipe, BEFORE);
    write(files, run, recipe, LAST);
    assertThat(checkpoints.lastGood()).contains(run.manifest(LAST));

    Path last = Path.of(run.checkpoint(LAST).replaceFirst("^file:", ""));
    List<Path> paths;
    try (Stream<Path> all = Files.list(last)) {
      paths = all.sorted().toList();
    }
    assertThat(paths).hasSize(3);
    var random = new Random(1);
    for (int i = 0; i < DAMAGES; i++) {
      Path path = paths.get(random.nextInt(paths.size()));
      byte[] whole = Files.readAllBytes(path);
      Files.write(path, damaged(whole, random));
      try (var log = new LogLines(Checkpoints.class)) {
        assertThat(checkpoints.lastGood().map(Manifest::updateNumber))
            .as("damage %d, of %s", i, path)
            .contains(BEFORE);
        assertThat(log.lines())
            .singleElement()
            .asString()
            .startsWith("WARN A checkpoint is damaged and set aside as file:")
            .contains("/update-00000008/" + path.getFileName() + ": ");
      }
      Path aside = damagedDirectory(folder.resolve("checkpoints"));
      Files.write(aside.resolve(path.getFileName()), whole);
      Files.move(aside, last);
    }
    assertThat(checkpoints.lastGood()).contains(run.manifest(LAST));
  }

  private static Path damagedDirectory(Path checkpoints) throws IOException {
    try (Stream<Path> all = Files.list(checkpoints)) {
      return all.filter(path -> path.getFileName().toString().startsWith("damaged-"))
          .findFirst()
          .orElseThrow();
    }
  }
}
