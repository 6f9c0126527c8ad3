package org.ofaspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.format.DType;
import org.ofaspark.format.SafetensorsReader;
import org.ofaspark.format.SafetensorsWriter;
import org.ofaspark.format.TensorEntry;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.nn.StateDict;
import org.ofaspark.nn.TensorSpec;

class WeightFilesTest {

  private final NDManager manager = TestDevice.newManager();

  @AfterEach
  void close() {
    manager.close();
  }

  private static Map<String, byte[]> write(StateDict state, long maxBytes) throws IOException {
    Map<String, byte[]> files = new LinkedHashMap<>();
    for (var file : WeightFiles.plan(state.specs(), maxBytes).entrySet()) {
      var out = new ByteArrayOutputStream();
      WeightFiles.write(out, file.getValue(), state);
      files.put(file.getKey(), out.toByteArray());
    }
    return files;
  }

  private static void read(Map<String, byte[]> files, StateDict state) throws IOException {
    var loader = new WeightLoader(state);
    for (var file : files.entrySet()) {
      var in = new ByteArrayInputStream(file.getValue());
      try (var reader = new SafetensorsReader(in, file.getKey())) {
        loader.read(reader);
      }
    }
    loader.finish();
  }

  private static List<Integer> bits(float[] values) {
    List<Integer> bits = new ArrayList<>();
    for (float value : values) {
      bits.add(Float.floatToRawIntBits(value));
    }
    return bits;
  }

  @ParameterizedTest(name = "at most {0} bytes a file")
  @ValueSource(longs = {1, 50, 80, 1000})
  void weightsAreReadBackBitForBit(long maxBytes) throws IOException {
    try (StateDict written = SmallState.random(manager, 3);
        StateDict read = SmallState.zeros(manager)) {
      read(write(written, maxBytes), read);
      for (TensorSpec spec : SmallState.SPECS) {
        assertThat(bits(read.get(spec.name())))
            .as(spec.name())
            .isEqualTo(bits(written.get(spec.name())));
      }
      assertThat(read.batchesTracked()).isEqualTo(written.batchesTracked());
    }
  }

  @Test
  void sameWeightsGiveTheSameBytes() throws IOException {
    try (StateDict one = SmallState.random(manager, 3);
        StateDict other = SmallState.random(manager, 3)) {
      assertThat(SmallState.singleFile(one)).isEqualTo(SmallState.singleFile(other));
    }
  }

  @Test
  void filesAreFilledInOrderAndALargeTensorGetsItsOwn() {
    assertThat(names(WeightFiles.plan(SmallState.SPECS, 80)))
        .containsExactly(
            Map.entry(
                "model-00001-of-00002.safetensors",
                List.of("a.weight", "frozen.weight", "bn.running_mean")),
            Map.entry(
                "model-00002-of-00002.safetensors",
                List.of("bn.running_var", "bn.num_batches_tracked", "b.bias")));
    assertThat(names(WeightFiles.plan(SmallState.SPECS, 40)))
        .containsExactly(
            Map.entry("model-00001-of-00004.safetensors", List.of("a.weight")),
            Map.entry(
                "model-00002-of-00004.safetensors", List.of("frozen.weight", "bn.running_mean")),
            Map.entry(
                "model-00003-of-00004.safetensors",
                List.of("bn.running_var", "bn.num_batches_tracked")),
            Map.entry("model-00004-of-00004.safetensors", List.of("b.bias")));
    assertThat(WeightFiles.plan(SmallState.SPECS, 1000)).containsOnlyKeys("model.safetensors");
  }

  private static Map<String, List<String>> names(Map<String, List<TensorEntry>> plan) {
    Map<String, List<String>> names = new LinkedHashMap<>();
    plan.forEach(
        (file, tensors) -> names.put(file, tensors.stream().map(TensorEntry::name).toList()));
    return names;
  }

  @Test
  void indexNamesTheFileOfEveryTensorAndTheirSize() {
    var plan = WeightFiles.plan(SmallState.SPECS, 80);
    JsonObject index = JsonParser.parseString(WeightFiles.index(plan)).getAsJsonObject();
    JsonObject files = index.getAsJsonObject("weight_map");
    assertThat(files.size()).isEqualTo(6);
    assertThat(files.get("frozen.weight").getAsString())
        .isEqualTo("model-00001-of-00002.safetensors");
    assertThat(files.get("bn.num_batches_tracked").getAsString())
        .isEqualTo("model-00002-of-00002.safetensors");
    assertThat(index.getAsJsonObject("metadata").get("total_size").getAsLong())
        .isEqualTo(4 * (12 + 2 + 5 + 5 + 7) + 8);
  }

  @ParameterizedTest
  @ValueSource(strings = {"F64", "F32", "F16", "BF16"})
  void weightsOfAnyFloatTypeAreRead(String type) throws IOException {
    DType dtype = DType.valueOf(type);
    float[] values = {1, -2.5f, 0, 0.15625f, 384, -0.0f, 2, 3, 4, 5, 6, 7};
    try (StateDict state = SmallState.random(manager, 3)) {
      var loader = new WeightLoader(state);
      loader.read(oneTensor("a.weight", dtype, values));
      assertThat(state.get("a.weight")).containsExactly(values);
    }
  }

  /** Writes numbers that every type holds exactly. */
  private static SafetensorsReader oneTensor(String name, DType dtype, float[] values)
      throws IOException {
    var out = new ByteArrayOutputStream();
    SafetensorsWriter.write(
        out,
        List.of(new TensorEntry(name, dtype, List.of(3L, 4L))),
        Map.of(),
        (tensor, data) -> {
          ByteBuffer bytes =
              ByteBuffer.allocate((int) tensor.bytes()).order(ByteOrder.LITTLE_ENDIAN);
          for (float value : values) {
            int bits = Float.floatToIntBits(value);
            switch (dtype) {
              case F64 -> bytes.putDouble(value);
              case BF16 -> bytes.putShort((short) (bits >> 16));
              case F16 -> {
                int exponent = value == 0 ? 0 : ((bits >> 23) & 0xff) - 112;
                bytes.putShort(
                    (short) (((bits >>> 16) & 0x8000) | (exponent << 10) | ((bits >> 13) & 0x3ff)));
              }
              default -> bytes.putFloat(value);
            }
          }
          data.write(bytes.array());
        });
    return new SafetensorsReader(new ByteArrayInputStream(out.toByteArray()), "m");
  }
}
