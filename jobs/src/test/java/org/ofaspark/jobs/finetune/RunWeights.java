package org.ofaspark.jobs.finetune;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.format.SafetensorsReader;

/** The float32 tensors of checkpoints, for comparison. */
final class RunWeights {

  private RunWeights() {}

  /** Reads the weights of a directory that holds them in one file. */
  static Map<String, float[]> read(Path directory) throws IOException {
    Path file = directory.resolve(WeightFiles.SINGLE);
    Map<String, float[]> weights = new TreeMap<>();
    try (var reader = new SafetensorsReader(Files.newInputStream(file), file.toString())) {
      reader.readAll(
          (tensor, data) -> {
            if (tensor.bytes() == 4 * tensor.elements()) {
              weights.put(tensor.name(), floats(data));
            }
          });
    }
    return weights;
  }

  private static float[] floats(InputStream data) throws IOException {
    var buffer = ByteBuffer.wrap(data.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
    float[] values = new float[buffer.remaining() / 4];
    buffer.asFloatBuffer().get(values);
    return values;
  }

  /** Returns the L2 norm of the difference over that of what is expected, over all tensors. */
  static double distance(Map<String, float[]> actual, Map<String, float[]> expected) {
    double difference = 0;
    double norm = 0;
    for (var entry : expected.entrySet()) {
      float[] values = Objects.requireNonNull(actual.get(entry.getKey()));
      for (int i = 0; i < values.length; i++) {
        double gap = values[i] - entry.getValue()[i];
        difference += gap * gap;
        norm += (double) entry.getValue()[i] * entry.getValue()[i];
      }
    }
    return Math.sqrt(difference / norm);
  }

  /**
   * Returns the distance over the tensors that are trained. The others, running statistics of
   * activations, are larger and take in every rounding of all layers below theirs.
   */
  static double distanceOfParameters(Map<String, float[]> actual, Map<String, float[]> expected) {
    Map<String, float[]> parameters = new TreeMap<>(expected);
    parameters.keySet().removeIf(name -> name.contains(".running_"));
    return distance(actual, parameters);
  }

  /** Asserts that all tensors are the same to the bit. */
  static void assertSame(Map<String, float[]> actual, Map<String, float[]> expected) {
    assertThat(actual.keySet()).isEqualTo(expected.keySet());
    expected.forEach((name, values) -> assertThat(actual.get(name)).as(name).isEqualTo(values));
  }
}
