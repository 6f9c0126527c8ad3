package org.ofaspark.golden;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Assumptions;

/**
 * The golden directory: upstream's own numbers.
 *
 * <p>Chosen by {@code -Dgolden.dir}, else the copy among the test resources. A file may be stored
 * gzipped under its name with {@code .gz} added.
 */
public final class Golden {

  private Golden() {}

  /** A tensor of a golden file, its values widened to double (exact for F32 and for small I64). */
  public static final class Tensor {
    private final String dtype;
    private final long[] shape;
    private final double[] values;

    private Tensor(String dtype, long[] shape, double[] values) {
      this.dtype = dtype;
      this.shape = shape;
      this.values = values;
    }

    /** Returns the safetensors name of the type, F32 or I64. */
    public String dtype() {
      return dtype;
    }

    /** Returns the lengths of the axes. */
    public long[] shape() {
      return shape.clone();
    }

    /** Returns the values in row-major order. */
    public double[] values() {
      return values.clone();
    }

    /** Returns one entry of the first axis. */
    public Tensor slice(int i) {
      int size = values.length / (int) shape[0];
      return new Tensor(
          dtype,
          Arrays.copyOfRange(shape, 1, shape.length),
          Arrays.copyOfRange(values, i * size, (i + 1) * size));
    }

    /** Returns the values as float32. */
    public float[] floats() {
      float[] result = new float[values.length];
      for (int i = 0; i < result.length; i++) {
        result[i] = (float) values[i];
      }
      return result;
    }

    /** Returns the values as int64. */
    public long[] longs() {
      return Arrays.stream(values).mapToLong(v -> (long) v).toArray();
    }
  }

  /** The tensors of a golden file by name. */
  public static final class Tensors {
    private final String file;
    private final Map<String, Tensor> byName = new LinkedHashMap<>();

    private Tensors(String file) {
      this.file = file;
    }

    /** Returns the names in the order of the file. */
    public Set<String> names() {
      return byName.keySet();
    }

    /** Tells whether the file holds a tensor. */
    public boolean has(String name) {
      return byName.containsKey(name);
    }

    /** Returns a tensor; fails if the file does not hold it. */
    public Tensor get(String name) {
      Tensor tensor = byName.get(name);
      if (tensor == null) {
        throw new IllegalArgumentException(name + ": not in " + file);
      }
      return tensor;
    }
  }

  /** Returns the golden directory in use. */
  public static Path dir() {
    String dir = System.getProperty("golden.dir");
    if (dir != null) {
      return Path.of(dir);
    }
    return Stream.of("", "../lib", "../../lib") // of this module, and of those that use its tests
        .map(module -> Path.of(module, "src/test/resources/golden"))
        .filter(Files::isDirectory)
        .findFirst()
        .orElseThrow();
  }

  /** Skips the running test, naming the file, if this golden directory does not hold it. */
  public static void assumeHas(String name) {
    Assumptions.assumeTrue(has(name), name + " is not in " + dir());
  }

  /** Tells whether this golden directory holds a file, plain or gzipped. */
  public static boolean has(String name) {
    return Files.exists(dir().resolve(name)) || Files.exists(dir().resolve(name + ".gz"));
  }

  /** Returns the bytes of a file, unzipped if it is stored gzipped. */
  public static byte[] bytes(String name) {
    Path plain = dir().resolve(name);
    try {
      if (Files.exists(plain)) {
        return Files.readAllBytes(plain);
      }
      try (InputStream in =
          new GZIPInputStream(Files.newInputStream(dir().resolve(name + ".gz")))) {
        return in.readAllBytes();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("golden file " + name, e);
    }
  }

  /** Reads a JSON file. */
  public static JsonElement json(String name) {
    return JsonParser.parseString(new String(bytes(name), StandardCharsets.UTF_8));
  }

  /** Reads a JSON file that holds one object. */
  public static JsonObject object(String name) {
    return json(name).getAsJsonObject();
  }

  /** Reads every tensor of a safetensors file, in the order of its header. */
  public static Tensors tensors(String name) {
    ByteBuffer file = ByteBuffer.wrap(bytes(name)).order(ByteOrder.LITTLE_ENDIAN);
    int headerLength = (int) file.getLong(0);
    String header = new String(file.array(), 8, headerLength, StandardCharsets.UTF_8);
    Tensors tensors = new Tensors(name);
    for (var entry : JsonParser.parseString(header).getAsJsonObject().entrySet()) {
      if (!entry.getKey().equals("__metadata__")) {
        tensors.byName.put(
            entry.getKey(), tensor(entry.getValue().getAsJsonObject(), file, headerLength));
      }
    }
    return tensors;
  }

  private static Tensor tensor(JsonObject header, ByteBuffer file, int headerLength) {
    String dtype = header.get("dtype").getAsString();
    long[] shape =
        header.getAsJsonArray("shape").asList().stream()
            .mapToLong(JsonElement::getAsLong)
            .toArray();
    int start = 8 + headerLength + header.getAsJsonArray("data_offsets").get(0).getAsInt();
    double[] values = new double[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (dtype) {
            case "F32" -> file.getFloat(start + 4 * i);
            case "I64" -> file.getLong(start + 8 * i);
            default -> throw new IllegalStateException("golden dtype " + dtype);
          };
    }
    return new Tensor(dtype, shape, values);
  }
}
