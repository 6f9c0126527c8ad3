package org.ofaspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.format.DType;
import org.ofaspark.format.MemorySource;
import org.ofaspark.format.SafetensorsReader;
import org.ofaspark.format.SafetensorsWriter;
import org.ofaspark.format.TensorEntry;
import org.ofaspark.model.OfaConfig;
import org.ofaspark.model.OfaModel;
import org.ofaspark.model.ResnetConfig;
import org.ofaspark.model.TransformerConfig;

class ImportedModelTest {

  private static final OfaConfig CONFIG =
      new OfaConfig(
          8,
          new TransformerConfig(2, 2, 16, 0),
          new TransformerConfig(1, 4, 24, 0),
          new ResnetConfig(List.of(1, 2, 1), 4, 0, false),
          4,
          2,
          2,
          10,
          11,
          0,
          0,
          false);

  private static void add(Map<String, TensorEntry> tensors, String name, long... shape) {
    tensors.put(name, new TensorEntry(name, DType.F32, Arrays.stream(shape).boxed().toList()));
  }

  private static ImportedModel read(Map<String, TensorEntry> tensors) throws IOException {
    return read(tensors, (byte) 0);
  }

  /** Writes all tensors as zeros but the output projection, whose last byte is given. */
  private static ImportedModel read(Map<String, TensorEntry> tensors, byte last)
      throws IOException {
    var out = new ByteArrayOutputStream();
    SafetensorsWriter.write(
        out,
        List.copyOf(tensors.values()),
        Map.of(),
        (tensor, data) -> {
          byte[] bytes = new byte[(int) tensor.bytes()];
          if (tensor.name().equals("decoder.output_projection.weight")) {
            bytes[bytes.length - 1] = last;
          }
          data.write(bytes);
        });
    return ImportedModel.of(
        SafetensorsReader.locate(new MemorySource(out.toByteArray())), 2, "checkpoint");
  }

  /** Returns all tensors of the network. */
  private static Map<String, TensorEntry> whole() {
    Map<String, TensorEntry> whole = new LinkedHashMap<>();
    OfaModel.specs(CONFIG, 9)
        .forEach(
            spec ->
                whole.put(
                    spec.name(),
                    new TensorEntry(spec.name(), DType.F32, WeightFiles.axes(spec.shape()))));
    return whole;
  }

  @Test
  void shapesTellEverySize() throws IOException {
    ImportedModel model = read(whole());
    assertThat(model.config()).isEqualTo(CONFIG);
    assertThat(model.vocabularySize()).isEqualTo(9);
  }

  @Test
  void everythingThatDoesNotFitIsToldAtOnce() throws IOException {
    Map<String, TensorEntry> tensors = whole();
    tensors.remove("encoder.layer_norm.weight");
    tensors.remove("decoder.layers.0.fc2.bias");
    add(tensors, "encoder.prompt.weight", 3);
    add(tensors, "decoder.layer_norm.bias", 7);
    assertThatThrownBy(() -> read(tensors))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessage(
            "weights: 2 missing: decoder.layers.0.fc2.bias, encoder.layer_norm.weight;"
                + " 1 unexpected: encoder.prompt.weight in m;"
                + " 1 of another shape or type: decoder.layer_norm.bias F32 [7] in m"
                + " (expected: float [8]) (expected: the tensors of the model, each once)");
  }

  @Test
  void foreignNamesAreToldTogether() {
    Map<String, TensorEntry> tensors = new LinkedHashMap<>();
    add(tensors, "bert.weight", 9, 8);
    assertThatThrownBy(() -> read(tensors))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessageStartingWith("checkpoint: no tensor named decoder.embed_positions.weight, ")
        .hasMessageContaining("encoder.layers.N.fc1.weight")
        .hasMessageEndingWith("(expected: the names of upstream's OFA)");
  }

  @Test
  void headsThatDoNotDivideTheWidthAreRefused() throws IOException {
    Map<String, TensorEntry> tensors = whole();
    add(tensors, "encoder.layers.0.self_attn.c_attn", 3);
    assertThatThrownBy(() -> read(tensors))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessageContaining("model.encoder-attention-heads: 3 (expected: a divisor of 8)");
  }

  @Test
  void embeddingStoredTwiceHasToBeTheSame() throws IOException {
    Map<String, TensorEntry> tensors = whole();
    add(tensors, "decoder.output_projection.weight", 9, 8);
    assertThat(read(tensors).vocabularySize()).isEqualTo(9);
    assertThatThrownBy(() -> read(tensors, (byte) 1))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessage(
            "m: decoder.output_projection.weight: differs from encoder.embed_tokens.weight"
                + " (expected: one matrix, as with --share-all-embeddings)");
  }
}
