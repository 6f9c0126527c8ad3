package org.ofaspark.jobs.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkUserAppException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.checkpoint.WeightLoader;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.format.SafetensorsReader;
import org.ofaspark.golden.Golden;
import org.ofaspark.golden.GoldenModel;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.jobs.storage.WeightDirectory;
import org.ofaspark.jobs.transfer.Import.Sizes;
import org.ofaspark.jobs.transfer.ModelSource.Weights;
import org.ofaspark.model.DecoderInput;
import org.ofaspark.model.OfaInput;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.ForwardPass;
import org.ofaspark.nn.StateDict;
import org.ofaspark.nn.TensorSpec;
import org.ofaspark.nn.TensorSpec.Role;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;
import org.ofaspark.tensor.Autograd;
import org.ofaspark.tensor.Scope;

/** Import of the golden checkpoints, as files. */
class ImportTest {

  private static final List<String> OPEN =
      List.of(
          "task=caption",
          "data.selected-cols=[0,4,2]",
          "run-dir=run",
          "data.table=table",
          "data.patch-image-size=16",
          "generate.max-len-b=1");

  @TempDir private Path folder;
  private final HadoopFiles files = new HadoopFiles(new Configuration());

  private String golden(String name) throws IOException {
    Golden.assumeHas("model/" + name);
    return Files.write(folder.resolve(name), Golden.bytes("model/" + name)).toString();
  }

  private String target() {
    return folder.resolve("target").toString();
  }

  private TransferSummary run(String source) throws IOException {
    return new Import(files).run(source, Weights.LAST, Sizes.SAME, target());
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
    TransferSummary summary = run(golden(name));

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
        .contains(": recipe.conf, model.safetensors");
    assertThat(files.list(target())).containsExactly("model.safetensors", "recipe.conf");
  }

  private void assertHoldsGoldenWeights() throws IOException {
    try (NDManager manager = TestDevice.newManager();
        StateDict expected = GoldenModel.state(GoldenModel.config(), manager);
        StateDict state = loaded(manager)) {
      WeightDirectory.requireFits(files, "key", target(), expected.specs());
      for (Role role : Role.values()) {
        assertThat(state.vector(role).array().toFloatArray())
            .as(role.name())
            .isEqualTo(expected.vector(role).array().toFloatArray());
      }
    }
  }

  private StateDict loaded(NDManager manager) throws IOException {
    var state =
        new StateDict(OfaModel.specs(GoldenModel.config(), GoldenModel.vocabularySize()), manager);
    load(state);
    return state;
  }

  /** Fills a state dict from the target. */
  private void load(StateDict state) throws IOException {
    var loader = new WeightLoader(state);
    for (String name : WeightDirectory.files(files, target())) {
      try (var reader = new SafetensorsReader(files.open(target() + "/" + name), name)) {
        loader.read(reader);
      }
    }
    loader.finish();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "checkpoint_tiny.pt",
        "checkpoint_tiny_fp16.pt",
        "checkpoint_tiny_nobuckets.pt",
        "state.safetensors"
      })
  void logitsAreUpstreams(String name) throws IOException {
    run(golden(name));
    Golden.Tensors batch = Golden.tensors("model/eval_a.safetensors");
    try (NDManager manager = TestDevice.newManager();
        var model = new OfaModel(GoldenModel.config(), manager);
        StateDict state = loaded(manager)) {
      float[] logits =
          Autograd.withoutRecording(() -> Scope.run(() -> logits(model, state, batch, manager)));
      assertThat(logits).containsExactly(batch.get("logits").floats(), within(1e-4f));
    }
  }

  private static float[] logits(
      OfaModel model, StateDict state, Golden.Tensors batch, NDManager manager) {
    var samples = GoldenModel.batch(batch, "in.");
    ForwardPass pass = ForwardPass.inference(state);
    var encoded = model.encode(pass, OfaInput.of(samples, manager));
    var features = model.decode(pass, encoded, DecoderInput.of(samples, manager));
    return model.logits(pass, features).toFloatArray();
  }

  @Test
  void tablesGrowForMorePatchesAndWordsAndShrinkBack() throws IOException {
    String source = golden("state.safetensors");
    int vocabulary = GoldenModel.vocabularySize();
    int patches = GoldenModel.config().imageBucketSize();
    String larger = folder.resolve("larger").toString();
    TransferSummary summary =
        new Import(files)
            .run(
                source,
                Weights.LAST,
                new Sizes(OptionalInt.of(vocabulary + 3), OptionalInt.of(patches + 5)),
                larger);
    assertThat(summary.text()).contains("vocabulary    %,d symbols".formatted(vocabulary + 3));
    Recipe recipe = RecipeReader.parse("r", files.readText(larger + "/recipe.conf"), OPEN);
    assertThat(recipe.model().imageBucketSize()).isEqualTo(patches + 5);
    WeightDirectory.requireFits(
        files, "key", larger, OfaModel.specs(recipe.model(), vocabulary + 3));

    assertThatThrownBy(
            () -> {
              var fewer = new Sizes(OptionalInt.of(vocabulary), OptionalInt.of(patches));
              new Import(files).run(larger, Weights.LAST, fewer, target());
            })
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "--vocabulary-size: %d (expected: at least %d)".formatted(vocabulary, vocabulary + 3));
    var back = new Sizes(OptionalInt.empty(), OptionalInt.of(patches));
    new Import(files).run(larger, Weights.LAST, back, target());
    try (NDManager manager = TestDevice.newManager();
        StateDict expected = GoldenModel.state(GoldenModel.config(), manager);
        var state = new StateDict(OfaModel.specs(GoldenModel.config(), vocabulary + 3), manager)) {
      load(state);
      for (TensorSpec spec : expected.specs()) {
        float[] values = expected.get(spec.name());
        assertThat(Arrays.copyOf(state.get(spec.name()), values.length))
            .as(spec.name())
            .isEqualTo(values);
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
            List.of("run-dir=run", "data.table=table", "generate.max-len-b=1"));
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
        .hasMessageContaining(
            "old.pt: begins as no file of weights (expected: a file of torch.save or safetensors");
    String plain = golden("state.safetensors");
    assertThatThrownBy(() -> new Import(files).run(plain, Weights.AVERAGED, Sizes.SAME, target()))
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

  /** As safetensors writes tensors that share memory: once, under the first of their names. */
  @Test
  void embeddingUnderItsOtherNameIsFound() throws IOException {
    byte[] file = Golden.bytes("model/state.safetensors");
    String text = new String(file, StandardCharsets.ISO_8859_1); // a byte is a character
    String name = "\"encoder.embed_tokens.weight\"";
    assertThat(text).contains(name);
    Path renamed = folder.resolve("renamed.safetensors");
    Files.writeString(
        renamed,
        text.replace(name, "\"decoder.embed_tokens.weight\""),
        StandardCharsets.ISO_8859_1);

    run(renamed.toString());

    assertHoldsGoldenWeights();
  }

  @Test
  void runIsNotImportedOver() throws IOException {
    String source = golden("state.safetensors");
    files.writeText(new RunDirectory(files, target()).provenance(), "{}");

    assertThatThrownBy(() -> run(source))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "TARGET: %s: holds a run (expected: a new directory)", files.qualified(target()));
  }
}
