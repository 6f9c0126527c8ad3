package org.ofaspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.format.DType;
import org.ofaspark.format.MemorySource;
import org.ofaspark.format.SafetensorsReader;
import org.ofaspark.format.StoredTensor;
import org.ofaspark.format.TensorEntry;
import org.ofaspark.format.TorchCheckpoint;
import org.ofaspark.golden.Golden;
import org.ofaspark.golden.GoldenModel;

/** Checkpoints that fairseq wrote, bit for bit. */
class TorchCheckpointGoldenTest {

  private static TorchCheckpoint open(String name) throws IOException {
    Golden.assumeHas("model/" + name);
    return TorchCheckpoint.read(new MemorySource(Golden.bytes("model/" + name)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"checkpoint_tiny.pt", "checkpoint_tiny_fp16.pt", "checkpoint_tiny_nobuckets.pt"})
  void weightsBecomeUpstreamsState(String name) throws IOException {
    TorchCheckpoint checkpoint = open(name);
    Map<String, StoredTensor> stored = checkpoint.weights();
    ImportedModel model = ImportedModel.of(stored, GoldenModel.config().attnScaleFactor(), name);
    List<TensorEntry> plan =
        Objects.requireNonNull(
            WeightFiles.plan(model.specs(), WeightFiles.DEFAULT_MAX_BYTES).get(WeightFiles.SINGLE));
    var out = new ByteArrayOutputStream();
    WeightFiles.copy(out, plan, stored);

    Golden.Tensors golden = Golden.tensors("model/state.safetensors");
    Set<String> expected = golden.names();
    try (var reader =
        new SafetensorsReader(new ByteArrayInputStream(out.toByteArray()), "imported")) {
      assertThat(reader.tensors())
          .extracting(TensorEntry::name)
          .containsExactlyInAnyOrderElementsOf(
              expected.stream().filter(tensor -> !WeightFiles.isDerived(tensor)).toList());
      reader.readAll(
          (tensor, data) -> {
            Golden.Tensor state = golden.get(tensor.name());
            assertThat(tensor.dtype().name()).as(tensor.name()).isEqualTo(state.dtype());
            assertThat(tensor.shape().stream().mapToLong(axis -> axis).toArray())
                .as(tensor.name())
                .isEqualTo(state.shape());
            assertThat(data.readAllBytes())
                .as(tensor.name())
                .isEqualTo(SmallState.littleEndian(state));
          });
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"checkpoint_tiny.pt", "checkpoint_tiny_fp16.pt", "checkpoint_tiny_nobuckets.pt"})
  void sizesAreThoseOfTheModel(String name) throws IOException {
    TorchCheckpoint checkpoint = open(name);
    ImportedModel model =
        ImportedModel.of(checkpoint.weights(), GoldenModel.config().attnScaleFactor(), name);
    assertThat(model.config()).isEqualTo(GoldenModel.config());
    assertThat(model.vocabularySize()).isEqualTo(GoldenModel.vocabularySize());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"checkpoint_tiny.pt", "checkpoint_tiny_fp16.pt", "checkpoint_tiny_nobuckets.pt"})
  void flagsAreThoseOfTheRun(String name) throws IOException {
    Map<String, Object> flags = open(name).flags();
    JsonObject args = Golden.object("model/config.json").getAsJsonObject("args");
    for (String flag : List.of("arch", "task", "adam_betas", "criterion", "resnet_type")) {
      assertThat(flags.get(flag)).as(flag).isEqualTo(args.get(flag).getAsString());
    }
    for (String flag :
        List.of("encoder_embed_dim", "num_bins", "patch_image_size", "token_bucket_size")) {
      assertThat(flags.get(flag)).as(flag).isEqualTo(args.get(flag).getAsLong());
    }
    for (String flag : List.of("scale_attn", "no_scale_embedding", "use_rdrop")) {
      assertThat(flags.get(flag)).as(flag).isEqualTo(args.get(flag).getAsBoolean());
    }
    assertThat(flags.get("label_smoothing")).isEqualTo(args.get("label_smoothing").getAsDouble());
    assertThat(flags).doesNotContainKey("_name");
  }

  @ParameterizedTest
  @ValueSource(strings = {"checkpoint_tiny.pt", "checkpoint_tiny_fp16.pt"})
  void typesAreThoseOfTheFile(String name) throws IOException {
    Map<String, StoredTensor> stored = open(name).weights();
    JsonObject types =
        Golden.object("model/checkpoints.json")
            .getAsJsonObject(
                name.contains("fp16") ? "dtype_fp16_variant" : "dtype_float32_variant");
    Map<String, DType> known =
        Map.of("torch.float32", DType.F32, "torch.float16", DType.F16, "torch.int64", DType.I64);
    assertThat(types.size()).isPositive();
    types
        .entrySet()
        .forEach(
            type ->
                assertThat(Objects.requireNonNull(stored.get(type.getKey())).entry().dtype())
                    .as(type.getKey())
                    .isEqualTo(known.get(type.getValue().getAsString())));
  }

  @Test
  void safetensorsAreFoundInPlace() throws IOException {
    byte[] file = Golden.bytes("model/state.safetensors");
    Golden.Tensors golden = Golden.tensors("model/state.safetensors");
    Map<String, StoredTensor> stored = SafetensorsReader.locate(new MemorySource(file));
    assertThat(stored.keySet()).containsExactlyInAnyOrderElementsOf(golden.names());
    for (StoredTensor tensor : stored.values()) {
      try (var data = tensor.open()) {
        assertThat(data.readAllBytes())
            .as(tensor.entry().name())
            .isEqualTo(SmallState.littleEndian(golden.get(tensor.entry().name())));
      }
    }
    assertThat(ImportedModel.of(stored, 2, "state").config()).isEqualTo(GoldenModel.config());
  }
}
