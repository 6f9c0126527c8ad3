package org.ofaspark.jobs.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.format.SafetensorsReader;
import org.ofaspark.format.StoredTensor;
import org.ofaspark.format.TensorEntry;
import org.ofaspark.format.TorchCheckpoint;
import org.ofaspark.format.TorchWriter;
import org.ofaspark.golden.Golden;
import org.ofaspark.golden.GoldenModel;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.HashedFile;
import org.ofaspark.jobs.storage.OnlyAttempt;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.jobs.transfer.Import.Sizes;
import org.ofaspark.jobs.transfer.ModelSource.Weights;
import org.ofaspark.model.OfaConfig;

/** Export of the golden model in every form, and what import makes of it. */
class ExportTest {

  @TempDir private Path folder;
  private final HadoopFiles files = new HadoopFiles(new Configuration());

  private String in(String name) {
    return folder.resolve(name).toString();
  }

  /** Imports the golden model, from upstream's checkpoint where there is one. */
  private String weights() throws IOException {
    String name =
        Golden.has("model/checkpoint_tiny.pt") ? "checkpoint_tiny.pt" : "state.safetensors";
    Files.write(folder.resolve(name), Golden.bytes("model/" + name));
    new Import(files).run(in(name), Weights.LAST, Sizes.SAME, in("weights"));
    return in("weights");
  }

  private static byte[] bytes(String directory) throws IOException {
    return Files.readAllBytes(Path.of(directory, WeightFiles.SINGLE));
  }

  static Stream<String> formats() {
    return Export.FORMATS.keySet().stream().filter(format -> !format.equals("djl")); // needs a run
  }

  @ParameterizedTest
  @MethodSource("formats")
  void importOfAnExportIsBitwiseTheSame(String format) throws IOException {
    String weights = weights();
    TransferSummary summary = new Export(files).run(weights, in("export"), format);
    assertThat(files.list(in("export"))).containsExactlyInAnyOrderElementsOf(summary.files());
    new Import(files).run(in("export"), Weights.LAST, Sizes.SAME, in("again"));

    assertThat(bytes(in("again"))).isEqualTo(bytes(weights));
    StoredModel before = new ModelSource(files).read(weights, Weights.LAST);
    StoredModel after = new ModelSource(files).read(in("again"), Weights.LAST);
    assertThat(after.network().config()).isEqualTo(before.network().config());
    for (String rate : List.of("dropout", "attention_dropout", "encoder_drop_path_rate")) {
      assertThat(after.flags().get(rate)).as(rate).isEqualTo(before.flags().get(rate));
    }
  }

  @Test
  void bestCheckpointOfARunIsTaken() throws IOException {
    String weights = weights();
    var run = new RunDirectory(files, in("run"));
    for (long update : List.of(4L, 8L)) {
      Path unfinished = Path.of(OnlyAttempt.directory(run, update).replaceFirst("^file:", ""));
      Files.createDirectories(unfinished);
      Files.copy(Path.of(weights, WeightFiles.SINGLE), unfinished.resolve(WeightFiles.SINGLE));
      OnlyAttempt.commit(
          run, new Manifest(Manifest.VERSION, update, 1, 1, 1, 0, 1, 0, List.of(), Map.of()));
    }
    assertThatThrownBy(() -> new Export(files).run(in("run"), in("export"), "safetensors"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "RUN: %s (expected: a run with a validated checkpoint);".formatted(run.path())
                + " run submit/finetune first, or name a directory of weights");
    assertThat(files.exists(in("export"))).isFalse();

    run.checkpointWriter().markBest(4);
    files.writeText(
        run.recipe(),
        files.readText(weights + "/recipe.conf").replaceFirst("arch = .*", "arch = of_the_run"));
    TransferSummary summary = new Export(files).run(in("run"), in("export"), "safetensors");
    assertThat(summary.model().source()).isEqualTo(run.checkpoint(4));
    assertThat(bytes(in("export"))).isEqualTo(bytes(weights));
    assertThat(files.readText(in("export") + "/recipe.conf")).contains("arch = \"of_the_run\"");

    String text = files.readText(run.recipe());
    String scale = "attn-scale-factor = 4";
    files.writeText(
        run.recipe(),
        text.contains("attn-scale-factor")
            ? text.replaceFirst("attn-scale-factor = .*", scale)
            : text + "\nmodel." + scale + "\n");
    new Export(files).run(in("run"), in("port"), "huggingface");
    JsonObject config =
        JsonParser.parseString(files.readText(in("port/config.json"))).getAsJsonObject();
    assertThat(config.get("attn_scale_factor").getAsDouble()).isEqualTo(4);
  }

  @Test
  void bestCheckpointThatIsNotAsItWasWrittenIsNotExported() throws IOException {
    byte[] whole = Files.readAllBytes(Path.of(weights(), WeightFiles.SINGLE));
    var run = new RunDirectory(files, in("run"));
    FileEntry file =
        HashedFile.write(
            files, OnlyAttempt.directory(run, 4), WeightFiles.SINGLE, out -> out.write(whole));
    OnlyAttempt.commit(
        run, new Manifest(Manifest.VERSION, 4, 1, 1, 1, 0, 1, 0, List.of(file), Map.of()));
    run.checkpointWriter().markBest(4);
    whole[whole.length - 1] ^= 1;
    files.write(run.checkpoint(4) + "/" + WeightFiles.SINGLE, out -> out.write(whole));

    assertThatThrownBy(() -> new Export(files).run(in("run"), in("export"), "safetensors"))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessageStartingWith(run.checkpoint(4) + "/model.safetensors: ")
        .hasMessageContaining("(expected: " + whole.length + " bytes, " + file.sha256());
    assertThat(files.exists(in("export"))).isFalse();
  }

  @Test
  void largeModelsGetSeveralFilesAndAnIndex() throws IOException {
    String weights = weights();
    StoredModel model = new ModelSource(files).read(weights, Weights.LAST);
    List<String> names = new SafetensorsFormat(1 << 20).write(files, model, in("shards"));
    assertThat(names)
        .hasSizeGreaterThan(3)
        .startsWith("recipe.conf", "model-00001-of-%05d.safetensors".formatted(names.size() - 2))
        .endsWith(WeightFiles.INDEX);
    new Import(files).run(in("shards"), Weights.LAST, Sizes.SAME, in("again"));
    assertThat(bytes(in("again"))).isEqualTo(bytes(weights));
  }

  @Test
  void huggingFaceGetsItsNamesAndSizes() throws IOException {
    new Export(files).run(weights(), in("export"), "huggingface");
    TorchCheckpoint written = TorchCheckpoint.read(files.source(in("export/pytorch_model.bin")));
    assertThat(written.weights().keySet())
        .contains(
            "encoder.layers.0.self_attn_mid_layer_norm.weight",
            "decoder.layers.1.cross_attn.c_attn",
            "decoder.embed_tokens.weight",
            "decoder.output_projection.weight",
            "encoder.embed_images.bn1.num_batches_tracked")
        .doesNotContain("encoder.layers.0.attn_ln.weight");
    JsonObject config =
        JsonParser.parseString(files.readText(in("export/config.json"))).getAsJsonObject();
    OfaConfig network = GoldenModel.config();
    assertThat(config.get("model_type").getAsString()).isEqualTo("ofa");
    assertThat(config.get("vocab_size").getAsInt()).isEqualTo(GoldenModel.vocabularySize());
    assertThat(config.get("d_model").getAsInt()).isEqualTo(network.embedDim());
    assertThat(config.get("encoder_layers").getAsInt()).isEqualTo(network.encoder().layers());
    assertThat(config.get("decoder_ffn_dim").getAsInt()).isEqualTo(network.decoder().ffnEmbedDim());
    assertThat(config.get("image_bucket_size").getAsInt()).isEqualTo(network.imageBucketSize());
    assertThat(config.get("attn_scale_factor").getAsDouble()).isEqualTo(network.attnScaleFactor());
  }

  @Test
  void fairseqGetsNamesAndFlags() throws IOException {
    new Export(files).run(weights(), in("export"), "fairseq-names");
    TorchCheckpoint written = TorchCheckpoint.read(files.source(in("export/checkpoint.pt")));
    assertThat(written.weights().keySet())
        .contains("encoder.layers.0.attn_ln.weight", "decoder.output_projection.weight");
    assertThat(written.flags())
        .containsEntry("encoder_embed_dim", (long) GoldenModel.config().embedDim())
        .containsEntry("scale_heads", true);
  }

  @Test
  void shardsOfTorchAndPrefixedNamesAreRead() throws IOException {
    String weights = weights();
    Map<String, StoredTensor> stored =
        SafetensorsReader.locate(files.source(weights + "/" + WeightFiles.SINGLE));
    JsonObject map = new JsonObject();
    for (int i = 0; i < 2; i++) {
      String shard = "pytorch_model-0000%d-of-00002.bin".formatted(i + 1);
      Map<String, TensorEntry> half = new LinkedHashMap<>();
      for (StoredTensor tensor : stored.values()) {
        if (Math.floorMod(tensor.entry().name().hashCode(), 2) == i) {
          half.put("model." + tensor.entry().name(), tensor.entry());
          map.addProperty("model." + tensor.entry().name(), shard);
        }
      }
      files.write(
          in("hf/" + shard),
          out ->
              TorchWriter.writeStateDict(
                  out,
                  half,
                  (tensor, data) -> WeightFiles.copy(tensor, stored.get(tensor.name()), data)));
    }
    JsonObject index = new JsonObject();
    index.add("weight_map", map);
    files.writeText(in("hf/pytorch_model.bin.index.json"), index.toString());
    new Import(files).run(in("hf"), Weights.LAST, Sizes.SAME, in("again"));
    assertThat(bytes(in("again"))).isEqualTo(bytes(weights));
  }

  @Test
  void commandLineMistakesAreNamed() throws IOException {
    String weights = weights();
    assertThatThrownBy(() -> new Export(files).run(weights, in("export"), "onnx"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("--format: onnx (expected: one of %s)".formatted(Export.FORMATS.keySet()));
    assertThatThrownBy(() -> new Export(files).run(weights, weights, "safetensors"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("TARGET: %s (expected: a new directory)".formatted(files.qualified(weights)));
    assertThatThrownBy(() -> new Export(files).run(in("missing"), in("export"), "safetensors"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("RUN: ")
        .hasMessageContaining("not there (expected: a directory of weights)");
  }
}
