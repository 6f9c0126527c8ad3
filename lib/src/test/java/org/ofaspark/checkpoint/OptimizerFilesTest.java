package org.ofaspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.format.DType;
import org.ofaspark.format.SafetensorsReader;
import org.ofaspark.format.SafetensorsWriter;
import org.ofaspark.format.TensorEntry;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.tensor.FlatVector;

class OptimizerFilesTest {

  private final NDManager manager = TestDevice.newManager();

  @AfterEach
  void close() {
    manager.close();
  }

  private FlatVector vector(float[] values) {
    FlatVector vector = FlatVector.zeros(manager, values.length);
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(values.length * Float.BYTES).order(ByteOrder.nativeOrder());
    bytes.asFloatBuffer().put(values);
    vector.write(0, bytes);
    return vector;
  }

  private static float[] random(int size, long seed) {
    var random = new Random(seed);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /** Cuts a vector into equal parts, the last one shorter or empty. */
  private static int[] bounds(int rank, int worldSize, int size) {
    int share = (size + worldSize - 1) / worldSize;
    return new int[] {Math.min(size, rank * share), Math.min(size, (rank + 1) * share)};
  }

  private List<byte[]> write(float[] first, float[] second, int worldSize) throws IOException {
    List<byte[]> files = new ArrayList<>();
    for (int rank = 0; rank < worldSize; rank++) {
      int[] bounds = bounds(rank, worldSize, first.length);
      var out = new ByteArrayOutputStream();
      OptimizerFiles.write(
          out,
          vector(Arrays.copyOfRange(first, bounds[0], bounds[1])),
          vector(Arrays.copyOfRange(second, bounds[0], bounds[1])),
          bounds[0],
          17);
      files.add(out.toByteArray());
    }
    return files;
  }

  private static SafetensorsReader open(byte[] file) throws IOException {
    return new SafetensorsReader(new ByteArrayInputStream(file), "optimizer-00001");
  }

  @ParameterizedTest(name = "{2} values written by {0} ranks are read by {1}")
  @CsvSource({
    "1, 1, 1000", "1, 2, 1000", "1, 3, 1000", "1, 4, 1000",
    "2, 1, 1000", "2, 2, 1000", "2, 3, 1000", "2, 4, 1000",
    "3, 1, 1000", "3, 2, 1000", "3, 3, 1000", "3, 4, 1000",
    "3, 4, 2", "2, 3, 600000"
  })
  void momentsAreTheSameAtAnyWorldSize(int writers, int readers, int size) throws IOException {
    float[] first = random(size, 1);
    float[] second = random(size, 2);
    List<byte[]> files = write(first, second, writers);
    for (int rank = 0; rank < readers; rank++) {
      int[] bounds = bounds(rank, readers, size);
      FlatVector ownFirst = FlatVector.zeros(manager, bounds[1] - bounds[0]);
      FlatVector ownSecond = FlatVector.zeros(manager, bounds[1] - bounds[0]);
      long found = 0;
      for (byte[] file : files) {
        try (var reader = open(file)) {
          found += OptimizerFiles.read(reader, ownFirst, ownSecond, bounds[0]);
        }
      }
      assertThat(found).isEqualTo(bounds[1] - bounds[0]);
      assertThat(ownFirst.array().toFloatArray())
          .isEqualTo(Arrays.copyOfRange(first, bounds[0], bounds[1]));
      assertThat(ownSecond.array().toFloatArray())
          .isEqualTo(Arrays.copyOfRange(second, bounds[0], bounds[1]));
    }
  }

  @Test
  void fileSaysWhereItsRangeBeginsAndHowManyStepsWereMade() throws IOException {
    byte[] file = write(random(10, 1), random(10, 2), 2).get(1);
    try (var reader = open(file)) {
      assertThat(reader.metadata()).isEqualTo(Map.of("from", "5", "steps", "17"));
    }
  }

  @Test
  void namesSortByRank() {
    assertThat(OptimizerFiles.name(0, 12)).isEqualTo("optimizer-00001-of-00012.safetensors");
    assertThat(OptimizerFiles.name(11, 12)).isEqualTo("optimizer-00012-of-00012.safetensors");
    assertThat(OptimizerFiles.isOptimizerFile(OptimizerFiles.name(3, 4))).isTrue();
    assertThat(OptimizerFiles.isOptimizerFile(WeightFiles.SINGLE)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"missing", "-1", "x", "99999999999999999999"})
  void placeThatIsNoNumberIsRefused(String from) throws IOException {
    Map<String, String> metadata = from.equals("missing") ? Map.of() : Map.of("from", from);
    assertRefused(
        metadata,
        List.of(moment("exp_avg", DType.F32, 4), moment("exp_avg_sq", DType.F32, 4)),
        "optimizer-00001: metadata from: %s (expected: a position in the parameters)"
            .formatted(from));
  }

  @Test
  void fileOfOtherTensorsIsRefused() throws IOException {
    List<List<TensorEntry>> wrong =
        List.of(
            List.of(),
            List.of(moment("exp_avg", DType.F32, 4)),
            List.of(moment("exp_avg", DType.F32, 4), moment("exp_avg_sq", DType.F32, 3)),
            List.of(moment("exp_avg", DType.BF16, 4), moment("exp_avg_sq", DType.BF16, 4)),
            List.of(moment("exp_avg", DType.F32, 4), moment("weight", DType.F32, 4)));
    for (List<TensorEntry> tensors : wrong) {
      assertRefused(
          Map.of("from", "0"),
          tensors,
          "optimizer-00001: tensors %s".formatted(tensors)
              + " (expected: exp_avg and exp_avg_sq, F32 of one axis and the same length)");
    }
  }

  private static TensorEntry moment(String name, DType dtype, long size) {
    return new TensorEntry(name, dtype, List.of(size));
  }

  private void assertRefused(
      Map<String, String> metadata, List<TensorEntry> tensors, String message) throws IOException {
    var out = new ByteArrayOutputStream();
    SafetensorsWriter.write(
        out, tensors, metadata, (tensor, data) -> data.write(new byte[(int) tensor.bytes()]));
    FlatVector moments = FlatVector.zeros(manager, 4);
    try (var reader = open(out.toByteArray())) {
      assertThatThrownBy(() -> OptimizerFiles.read(reader, moments, moments, 0))
          .isInstanceOf(BadCheckpointException.class)
          .hasMessage(message);
    }
  }

  @Test
  void fileThatEndsEarlyIsNamed() throws IOException {
    byte[] file = write(random(10, 1), random(10, 2), 1).get(0);
    FlatVector last = FlatVector.zeros(manager, 1);
    try (var reader = open(Arrays.copyOf(file, file.length - 2))) {
      assertThatThrownBy(() -> OptimizerFiles.read(reader, last, last, 9))
          .isInstanceOf(BadCheckpointException.class)
          .hasMessage(
              "optimizer-00001: tensor exp_avg_sq: ends 2 bytes early (expected: 40 bytes)");
    }
  }
}
