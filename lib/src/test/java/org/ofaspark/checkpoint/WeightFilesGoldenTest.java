package org.ofaspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.ofaspark.format.DType;
import org.ofaspark.format.SafetensorsReader;
import org.ofaspark.format.TensorEntry;
import org.ofaspark.golden.Golden;
import org.ofaspark.golden.GoldenModel;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.nn.StateDict;
import org.ofaspark.nn.TensorSpec.Role;

/** Files that the reference implementation wrote, read bit for bit. */
class WeightFilesGoldenTest {

  private final NDManager manager = TestDevice.newManager();

  @AfterEach
  void close() {
    manager.close();
  }

  private static SafetensorsReader open(byte[] file, String name) throws IOException {
    return new SafetensorsReader(new ByteArrayInputStream(file), name);
  }

  @Test
  void upstreamsStateFillsTheModel() throws IOException {
    try (StateDict expected = GoldenModel.state(GoldenModel.config(), manager);
        StateDict state = new StateDict(expected.specs(), manager)) {
      var loader = new WeightLoader(state);
      try (var reader = open(Golden.bytes("model/state.safetensors"), "state.safetensors")) {
        loader.read(reader);
      }
      loader.finish();
      for (Role role : Role.values()) {
        assertThat(state.vector(role).array().toFloatArray())
            .as(role.name())
            .isEqualTo(expected.vector(role).array().toFloatArray());
      }
      Golden.Tensors golden = Golden.tensors("model/state.safetensors");
      long batches =
          golden.names().stream()
              .filter(WeightFiles::isBatchCount)
              .mapToLong(name -> golden.get(name).longs()[0])
              .max()
              .orElse(0);
      assertThat(state.batchesTracked()).isEqualTo(batches);
    }
  }

  @Test
  void writtenStateHoldsUpstreamsNamesAndValues() throws IOException {
    try (StateDict state = GoldenModel.state(GoldenModel.config(), manager)) {
      Golden.Tensors golden = Golden.tensors("model/state.safetensors");
      List<String> derived = golden.names().stream().filter(WeightFiles::isDerived).toList();
      byte[] file = SmallState.singleFile(state);
      try (var reader = open(file, "written")) {
        assertThat(reader.tensors())
            .extracting(TensorEntry::name)
            .doesNotHaveDuplicates()
            .hasSize(golden.names().size() - derived.size())
            .isSubsetOf(golden.names());
        reader.readAll(
            (tensor, data) -> {
              if (!WeightFiles.isBatchCount(tensor.name())) {
                assertThat(floats(data.readAllBytes()))
                    .as(tensor.name())
                    .isEqualTo(golden.get(tensor.name()).floats());
              }
            });
      }
    }
  }

  @Test
  void everyGoldenFileIsRead() throws IOException {
    for (String name : names()) {
      Golden.Tensors golden = Golden.tensors(name);
      try (var reader = open(Golden.bytes(name), name)) {
        assertThat(reader.tensors())
            .as(name)
            .extracting(TensorEntry::name)
            .containsExactlyInAnyOrderElementsOf(golden.names());
        reader.readAll(
            (tensor, data) -> {
              Golden.Tensor expected = golden.get(tensor.name());
              assertThat(tensor.dtype().name()).isEqualTo(expected.dtype());
              assertThat(tensor.shape().stream().mapToLong(axis -> axis).toArray())
                  .isEqualTo(expected.shape());
              if (tensor.dtype() == DType.F32) {
                assertThat(floats(data.readAllBytes()))
                    .as("%s: %s", name, tensor.name())
                    .isEqualTo(expected.floats());
              }
            });
      }
    }
  }

  private static List<String> names() throws IOException {
    Path model = Golden.dir().resolve("model");
    try (Stream<Path> files = Files.list(model)) {
      return files
          .map(file -> "model/" + file.getFileName().toString().replaceAll("\\.gz$", ""))
          .filter(name -> name.endsWith(".safetensors"))
          .sorted()
          .toList();
    }
  }

  private static float[] floats(byte[] bytes) {
    float[] values = new float[bytes.length / Float.BYTES];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }
}
