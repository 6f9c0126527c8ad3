package org.ofaspark.jobs.finetune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.checkpoint.OptimizerFiles;
import org.ofaspark.checkpoint.WeightLoader;
import org.ofaspark.format.SafetensorsReader;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.jobs.finetune.StoppingFileSystem.Killed;
import org.ofaspark.jobs.finetune.StoppingFileSystem.Operations;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.OnlyAttempt;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.jobs.storage.WeightDirectory;
import org.ofaspark.nn.StateDict;
import org.ofaspark.nn.TensorSpec;
import org.ofaspark.nn.TensorSpec.Initializer;
import org.ofaspark.nn.TensorSpec.Role;
import org.ofaspark.optim.Adam;
import org.ofaspark.task.caption.CaptionTask;

/** A process that is killed while it writes a checkpoint, at each of the things that it does. */
class KilledWriteTest {

  private static final List<TensorSpec> SPECS =
      List.of(
          new TensorSpec("a.weight", new Shape(3, 4), Role.TRAINABLE, Initializer.ZEROS),
          new TensorSpec("a.running_var", new Shape(5), Role.BUFFER, Initializer.ZEROS));

  /** What writing the checkpoint of update 12 does, with two before it, of which one goes. */
  private static final List<String> POINTS =
      List.of(
          "create checkpoints/.update-00000012-ID.tmp/optimizer-00001-of-00001.safetensors",
          "write checkpoints/.update-00000012-ID.tmp/optimizer-00001-of-00001.safetensors",
          "create checkpoints/.update-00000012-ID.tmp/model.safetensors",
          "write checkpoints/.update-00000012-ID.tmp/model.safetensors",
          "create checkpoints/.update-00000012-ID.tmp/.manifest.json.ID.tmp",
          "write checkpoints/.update-00000012-ID.tmp/.manifest.json.ID.tmp",
          "rename to checkpoints/.update-00000012-ID.tmp/manifest.json",
          "rename to checkpoints/update-00000012",
          "create metrics/.valid.jsonl.ID.tmp",
          "write metrics/.valid.jsonl.ID.tmp",
          "rename to metrics/valid.jsonl",
          "create checkpoints/update-00000012/.validation.json.ID.tmp",
          "write checkpoints/update-00000012/.validation.json.ID.tmp",
          "rename to checkpoints/update-00000012/validation.json",
          "create checkpoints/.best.ID.tmp",
          "write checkpoints/.best.ID.tmp",
          "rename to checkpoints/best",
          "create checkpoints/..update-00000008.deleted.ID.tmp",
          "write checkpoints/..update-00000008.deleted.ID.tmp",
          "rename to checkpoints/.update-00000008.deleted",
          "delete checkpoints/update-00000008/manifest.json",
          "delete checkpoints/update-00000008",
          "delete checkpoints/.update-00000008.deleted");

  private static final Map<Long, Double> LOSSES = Map.of(4L, 1.0, 8L, 3.0, 12L, 2.0, 16L, 4.0);

  @TempDir private Path folder;
  private final HadoopFiles stopping = new HadoopFiles(StoppingFileSystem.configuration());
  private final HadoopFiles files = new HadoopFiles(new Configuration());
  private final NDManager manager = TestDevice.newManager();

  @AfterEach
  void close() {
    manager.close();
  }

  private Checkpoints checkpoints(RunDirectory run, HadoopFiles access) {
    return new Checkpoints(
        run,
        access,
        NanoRecipe.of(new CaptionTask(), folder, "unused", "train.keep-last-checkpoints=1")
            .train());
  }

  /** Writes a checkpoint as a run does: the ranks' files, manifest, validation, pruning. */
  private void write(RunDirectory run, long update) throws IOException {
    try (StateDict state = state(update);
        Adam adam = adam(update)) {
      var directory = new CheckpointFiles(stopping, OnlyAttempt.directory(run, update));
      List<FileEntry> written = new ArrayList<>();
      written.add(directory.writeOptimizer(0, 1, adam, 0));
      written.addAll(directory.writeWeights("", state));
      var manifest = new Manifest(Manifest.VERSION, update, 1, 1, 12, 0, 1, 0, written, Map.of());
      OnlyAttempt.commit(run, manifest);
      Checkpoints checkpoints = checkpoints(run, stopping);
      checkpoints.measured(manifest, Map.of("loss", LOSSES.getOrDefault(update, 9.0)), 1);
      checkpoints.prune();
    }
  }

  private StateDict state(long update) {
    var state = new StateDict(SPECS, manager);
    for (TensorSpec spec : SPECS) {
      state.set(spec.name(), numbers((int) spec.size(), update));
    }
    return state;
  }

  private Adam adam(long update) {
    var adam = NanoRecipe.of(new CaptionTask(), folder, "unused").optimizer();
    var optimizer = new Adam(adam, manager, 12);
    optimizer.firstMoment().array().set(numbers(12, update + 1));
    optimizer.secondMoment().array().set(numbers(12, update + 2));
    return optimizer;
  }

  private static float[] numbers(int count, long seed) {
    var random = new Random(seed);
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = random.nextFloat();
    }
    return numbers;
  }

  /** Loads a checkpoint and compares it with what was written. */
  private void assertLoads(RunDirectory run, Manifest manifest) throws IOException {
    String directory = run.checkpoint(manifest.updateNumber());
    try (StateDict expected = state(manifest.updateNumber());
        StateDict state = new StateDict(SPECS, manager);
        Adam moments = adam(manifest.updateNumber());
        Adam adam = adam(0)) {
      var loader = new WeightLoader(state);
      for (String name : WeightDirectory.files(files, directory)) {
        try (var reader = new SafetensorsReader(files.open(directory + "/" + name), name)) {
          loader.read(reader);
        }
      }
      loader.finish();
      for (Role role : List.of(Role.TRAINABLE, Role.BUFFER)) {
        assertThat(state.vector(role).array().toFloatArray())
            .isEqualTo(expected.vector(role).array().toFloatArray());
      }
      String optimizer = OptimizerFiles.name(0, 1);
      try (var reader = new SafetensorsReader(files.open(directory + "/" + optimizer), optimizer)) {
        assertThat(OptimizerFiles.read(reader, adam.firstMoment(), adam.secondMoment(), 0))
            .isEqualTo(12);
      }
      assertThat(adam.firstMoment().array().toFloatArray())
          .isEqualTo(moments.firstMoment().array().toFloatArray());
      assertThat(adam.secondMoment().array().toFloatArray())
          .isEqualTo(moments.secondMoment().array().toFloatArray());
    }
  }

  /** Starts a run that has two checkpoints, 4 and 8. */
  private RunDirectory run(String name) throws IOException {
    StoppingFileSystem.start(Integer.MAX_VALUE);
    var run = new RunDirectory(stopping, folder.resolve(name).toString());
    write(run, 4);
    write(run, 8);
    return run;
  }

  @Test
  void thePointsAreWhatWritingACheckpointDoes() throws IOException {
    RunDirectory run = run("whole");
    Operations operations = StoppingFileSystem.start(Integer.MAX_VALUE);
    write(run, 12);
    assertThat(operations.done()).containsExactlyElementsOf(POINTS);
    assertThat(run.checkpoints()).containsExactly(4L, 12L);
  }

  @Test
  void killedAtAnyPointARunGoesOnFromTheNewCheckpointOrTheOneBefore() throws IOException {
    List<Long> found = new ArrayList<>();
    for (int point = 0; point < POINTS.size(); point++) {
      RunDirectory run = run("killed-" + point);
      StoppingFileSystem.start(point);
      assertThatThrownBy(() -> write(run, 12))
          .as(POINTS.get(point))
          .isInstanceOf(Killed.class)
          .hasMessage("killed");

      StoppingFileSystem.start(Integer.MAX_VALUE);
      var again = new RunDirectory(files, run.path());
      Optional<Manifest> last = checkpoints(again, files).lastGood();
      assertThat(last).as(POINTS.get(point)).isPresent();
      assertLoads(again, last.orElseThrow());
      assertThat(again.best()).as(POINTS.get(point)).contains(4L);
      found.add(last.orElseThrow().updateNumber());

      write(again, last.orElseThrow().updateNumber() + 4);
      assertThat(checkpoints(again, files).lastGood().map(Manifest::updateNumber))
          .contains(last.orElseThrow().updateNumber() + 4);
      assertThat(again.checkpoints()).hasSize(2);
      assertThat(files.list(run.path() + "/checkpoints")).hasSize(3);
    }
    assertThat(found).containsOnly(8L, 12L);
    assertThat(found.indexOf(12L))
        .isEqualTo(POINTS.indexOf("rename to checkpoints/update-00000012") + 1);
  }
}
