package org.ofaspark.jobs.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkUserAppException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.checkpoint.BadCheckpointException;
import org.ofaspark.checkpoint.SafetensorsReader;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.checkpoint.WeightLoader;
import org.ofaspark.golden.Golden;
import org.ofaspark.golden.GoldenModel;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.WeightDirectory;
import org.ofaspark.jobs.transfer.ForeignCheckpoint.Weights;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.nn.TensorSpec.Role;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;
import org.ofaspark.tensor.TorchRuntime;

/** Import of the golden checkpoints, as files. */
class ImportTest {

  private static final List<String> OPEN =
      List.of(
          "task=caption",
          "data.selected-cols=[0,4,2]",
          "run-dir=run",
          "data.table=table",
          "data.patch-image-size=16",
          "generate.max-len-b=0");

  @TempDir private Path folder;
  private final HadoopFiles files = new HadoopFiles(new Configuration());

  private String golden(String name) throws IOException {
    Golden.assumeHas("model/" + name);
    return Files.write(folder.resolve(name), Golden.bytes("model/" + name)).toString();
  }

  private String target() {
    return folder.resolve("target").toString();
  }

  private ImportSummary run(String source) throws IOException {
    return new Import(files).run(source, Weights.LAST, target());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "checkpoint_tiny.pt",
        "checkpoint_tiny_fp16.pt",
        "checkpoint_tiny_nobuckets.pt",
        "state.safetensors"
      })
  void weightsAndSizesAreThoseOfTheModel(String name) throws IOException {
    ImportSummary summary = run(golden(name));

    assertHoldsGoldenWeights();
    Recipe recipe = RecipeReader.parse("r", files.readText(target() + "/recipe.conf"), OPEN);
    assertThat(recipe.model()).isEqualTo(GoldenModel.config());
    assertThat(recipe.initialWeights().restoreFile()).hasValue(files.qualified(target()));
    assertThat(summary.parameters())
        .isEqualTo(
            OfaModel.specs(GoldenModel.config(), GoldenModel.vocabularySize()).stream()
                .filter(spec -> spec.role() != Role.BUFFER)
                .mapToLong(spec -> spec.size())
                .sum());
    assertThat(summary.text())
        .contains("vocabulary    %,d symbols".formatted(GoldenModel.vocabularySize()))
        .contains(name.contains("fp16") ? "F16" : "[F32]")
        .contains(": model.safetensors, recipe.conf");
    assertThat(files.list(target())).containsExactly("model.safetensors", "recipe.conf");
  }

  private void assertHoldsGoldenWeights() throws IOException {
    try (NDManager manager = TorchRuntime.newManager(Device.cpu());
        StateDict expected = GoldenModel.state(GoldenModel.config(), manager);
        StateDict state = new StateDict(expected.specs(), manager)) {
      WeightDirectory.requireFits(files, "key", target(), expected.specs());
      var loader = new WeightLoader(state);
      for (String name : WeightDirectory.files(files, target())) {
        try (var reader = new SafetensorsReader(files.open(target() + "/" + name), name)) {
          loader.read(reader);
        }
      }
      loader.finish();
      for (Role role : Role.values()) {
        assertThat(state.vector(role).array().toFloatArray())
            .as(role.name())
            .isEqualTo(expected.vector(role).array().toFloatArray());
      }
    }
  }

  @Test
  void flagsOfTheDataAreTakenOver() throws IOException {
    run(golden("checkpoint_tiny.pt"));
    JsonObject args = Golden.object("model/config.json").getAsJsonObject("args");
    Recipe recipe =
        RecipeReader.parse(
            "r",
            files.readText(target() + "/recipe.conf"),
            List.of("run-dir=run", "data.table=table", "generate.max-len-b=0"));
    assertThat(recipe.task().name()).isEqualToIgnoringCase(args.get("task").getAsString());
    assertThat(recipe.initialWeights().arch()).isEqualTo(args.get("arch").getAsString());
    assertThat(recipe.data().numBins()).isEqualTo(args.get("num_bins").getAsInt());
    assertThat(recipe.data().codeDictSize()).isEqualTo(args.get("code_dict_size").getAsInt());
    assertThat(recipe.data().patchImageSize()).isEqualTo(args.get("patch_image_size").getAsInt());
    assertThat(recipe.data().maxSrcLength()).isEqualTo(args.get("max_src_length").getAsInt());
  }

  @Test
  void directoryOfWeightsIsImportedAsItsFiles() throws IOException {
    golden("state.safetensors");
    Files.move(folder.resolve("state.safetensors"), folder.resolve(WeightFiles.SINGLE));
    run(folder.toString());
    assertHoldsGoldenWeights();
  }

  @Test
  void commandWritesTheTargetOrFails() throws Exception {
    String source = golden("state.safetensors");
    ImportJob.main(new String[] {source, target()});
    assertHoldsGoldenWeights();
    assertThatThrownBy(() -> ImportJob.main(new String[] {source, target()}))
        .isInstanceOf(SparkUserAppException.class)
        .hasToString("org.apache.spark.SparkUserAppException: User application exited with 2");
  }

  @Test
  void targetWithWeightsIsLeftAlone() throws IOException {
    String source = golden("state.safetensors");
    run(source);
    assertThatThrownBy(() -> run(source))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "TARGET: %s: holds weights (expected: a new directory)"
                .formatted(files.qualified(target())));
  }

  @Test
  void sourceThatCannotBeReadIsNamed() throws IOException {
    String missing = folder.resolve("missing.pt").toString();
    assertThatThrownBy(() -> run(missing))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("SOURCE: %s: not there (expected: a file or directory)".formatted(missing));
    String old = Files.writeString(folder.resolve("old.pt"), "\u0080\u0002\u008a").toString();
    assertThatThrownBy(() -> run(old))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessageContaining("old.pt: no zip archive (expected: a file of torch 1.6 or later");
    String plain = golden("state.safetensors");
    assertThatThrownBy(() -> new Import(files).run(plain, Weights.AVERAGED, target()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("--ema: ");
    assertThat(files.exists(target())).isFalse();
  }

  @Test
  void damagedCheckpointLeavesNoWeights() throws IOException {
    String source = golden("state.safetensors");
    byte[] whole = Files.readAllBytes(Path.of(source));
    Files.write(Path.of(source), Arrays.copyOf(whole, whole.length - 1));
    assertThatThrownBy(() -> run(source))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessageContaining("state.safetensors: %d bytes".formatted(whole.length - 1));
    assertThat(WeightDirectory.is(files, target())).isFalse();
  }

  @Test
  void networkThatRecipesHaveNoWordsForIsRefused() {
    assertThatThrownBy(
            () ->
                ImportedRecipe.text(
                    "s", "t", GoldenModel.config(), Map.of("activation_fn", "relu")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("s: activation_fn: relu (expected: gelu; the model has no other form)");
    assertThatThrownBy(
            () -> ImportedRecipe.text("s", "t", GoldenModel.config(), Map.of("scale_heads", false)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("model.scale-heads: false (expected: true; the model has no other");
  }

  @Test
  void indexThatNamesFilesElsewhereIsRefused() throws IOException {
    files.writeText(
        target() + "/" + WeightFiles.INDEX, "{\"weight_map\":{\"a\":\"../../x.safetensors\"}}");
    assertThatThrownBy(() -> WeightDirectory.files(files, target()))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessageContaining("file ../../x.safetensors (expected: names of safetensors files");
  }
}
