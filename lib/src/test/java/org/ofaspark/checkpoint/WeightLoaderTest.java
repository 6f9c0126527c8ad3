package org.ofaspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.format.DType;
import org.ofaspark.format.SafetensorsReader;
import org.ofaspark.format.SafetensorsWriter;
import org.ofaspark.format.TensorEntry;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.nn.StateDict;

class WeightLoaderTest {

  private final NDManager manager = TestDevice.newManager();
  private final StateDict state = SmallState.random(manager, 8);

  @AfterEach
  void close() {
    state.close();
    manager.close();
  }

  private static SafetensorsReader file(String name, TensorEntry... tensors) throws IOException {
    var out = new ByteArrayOutputStream();
    SafetensorsWriter.write(
        out,
        List.of(tensors),
        Map.of(),
        (tensor, data) -> data.write(new byte[(int) tensor.bytes()]));
    return new SafetensorsReader(new ByteArrayInputStream(out.toByteArray()), name);
  }

  private static TensorEntry tensor(String name, DType dtype, Long... shape) {
    return new TensorEntry(name, dtype, List.of(shape));
  }

  @Test
  void everythingThatDoesNotFitIsToldAtOnce() throws IOException {
    float[] before = state.get("b.bias");
    var loader = new WeightLoader(state);
    loader.read(
        file(
            "one",
            tensor("a.weight", DType.F32, 4L, 3L),
            tensor("bn.running_var", DType.I32, 5L),
            tensor("extra", DType.F32, 1L)));
    loader.read(
        file(
            "two",
            tensor("a.weight", DType.F32, 3L, 4L),
            tensor("bn.num_batches_tracked", DType.I64, 0L),
            tensor("other", DType.F32, 1L)));

    assertThatThrownBy(loader::finish)
        .isInstanceOf(BadCheckpointException.class)
        .hasMessage(
            "weights: 3 missing: b.bias, bn.running_mean, frozen.weight;"
                + " 3 unexpected: extra in one, a.weight once more in two, other in two;"
                + " 3 of another shape or type:"
                + " a.weight F32 [4, 3] in one (expected: float [3, 4]),"
                + " bn.running_var I32 [5] in one (expected: float [5]),"
                + " bn.num_batches_tracked I64 [0] in two (expected: I64 [])"
                + " (expected: the tensors of the model, each once)");
    assertThat(state.get("b.bias")).isEqualTo(before);
  }

  @Test
  void tensorsThatFollowFromOthersAreLeftOut() throws IOException {
    var loader = new WeightLoader(state);
    loader.read(
        file(
            "m",
            tensor("decoder.embed_tokens.weight", DType.F32, 9L),
            tensor("decoder.output_projection.weight", DType.F32, 9L),
            tensor("encoder.version", DType.F32, 1L),
            tensor("encoder.token_rp_bucket", DType.I64, 2L, 2L),
            tensor("encoder.image_position_idx", DType.I64, 2L),
            tensor("a.weight", DType.F32, 3L, 4L),
            tensor("frozen.weight", DType.BF16, 2L),
            tensor("bn.running_mean", DType.F64, 5L),
            tensor("bn.running_var", DType.F16, 5L),
            tensor("b.bias", DType.F32, 7L)));
    loader.finish();
    assertThat(state.get("bn.running_mean")).containsOnly(0);
    assertThat(state.batchesTracked()).isEqualTo(123_456_789_012L);
  }

  @Test
  void fileThatEndsEarlyIsNamed() throws IOException {
    byte[] whole = SmallState.singleFile(state);
    byte[] file = Arrays.copyOf(whole, whole.length - 1);
    try (var reader = new SafetensorsReader(new ByteArrayInputStream(file), "hdfs://m")) {
      assertThatThrownBy(() -> new WeightLoader(state).read(reader))
          .isInstanceOf(BadCheckpointException.class)
          .hasMessage("hdfs://m: tensor b.bias: ends 1 bytes early (expected: 28 bytes)");
    }
  }
}
