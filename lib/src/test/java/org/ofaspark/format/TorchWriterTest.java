package org.ofaspark.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class TorchWriterTest {

  private static final TensorEntry MATRIX = new TensorEntry("matrix", DType.F32, List.of(2L, 3L));
  private static final TensorEntry NUMBER = new TensorEntry("number", DType.I64, List.of());

  private static Map<String, TensorEntry> weights() {
    Map<String, TensorEntry> weights = new LinkedHashMap<>();
    weights.put("a.weight", MATRIX);
    weights.put("b.num", NUMBER);
    weights.put("c.weight", MATRIX);
    return weights;
  }

  private static byte[] bytes(TensorEntry tensor) {
    byte[] bytes = new byte[(int) tensor.bytes()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (tensor.name().length() + i);
    }
    return bytes;
  }

  private static void assertHoldsWeights(TorchCheckpoint read) throws IOException {
    Map<String, StoredTensor> stored = read.weights();
    assertThat(stored.keySet()).containsExactlyElementsOf(weights().keySet());
    for (var weight : weights().entrySet()) {
      StoredTensor tensor = Objects.requireNonNull(stored.get(weight.getKey()));
      assertThat(tensor.entry().shape()).isEqualTo(weight.getValue().shape());
      assertThat(tensor.entry().dtype()).isEqualTo(weight.getValue().dtype());
      try (var data = tensor.open()) {
        assertThat(data.readAllBytes()).isEqualTo(bytes(weight.getValue()));
      }
    }
    assertThat(
            Objects.requireNonNull(stored.get("a.weight"))
                .isStoredWith(Objects.requireNonNull(stored.get("c.weight"))))
        .isTrue();
  }

  @Test
  void stateDictIsReadBack() throws IOException {
    var out = new ByteArrayOutputStream();
    TorchWriter.writeStateDict(out, weights(), (tensor, data) -> data.write(bytes(tensor)));
    TorchCheckpoint read = TorchCheckpoint.read(new MemorySource(out.toByteArray()));
    assertHoldsWeights(read);
    assertThat(read.flags()).isEmpty();
  }

  @Test
  void checkpointIsReadBackWithItsFlags() throws IOException {
    Map<String, Object> flags = Map.of("arch", "ofa_tiny", "num_bins", 1000L, "dropout", 0.1);
    var out = new ByteArrayOutputStream();
    TorchWriter.writeCheckpoint(out, weights(), flags, (tensor, data) -> data.write(bytes(tensor)));
    TorchCheckpoint read = TorchCheckpoint.read(new MemorySource(out.toByteArray()));
    assertHoldsWeights(read);
    assertThat(read.flags()).isEqualTo(flags);
  }
}
