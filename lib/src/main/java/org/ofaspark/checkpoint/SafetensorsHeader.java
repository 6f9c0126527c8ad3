package org.ofaspark.checkpoint;

import com.google.gson.JsonParseException;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The header of a safetensors file, checked as the reference implementation checks it: at most 100
 * MB, no name twice, and tensors that cover the data without hole or overlap.
 *
 * @param tensors in the order of their data
 * @param metadata free text by name
 * @see <a href="https://github.com/huggingface/safetensors">safetensors</a>
 */
record SafetensorsHeader(List<TensorEntry> tensors, Map<String, String> metadata) {

  private static final long MAX_BYTES = 100_000_000;
  private static final String METADATA = "__metadata__";

  /** A tensor with its place in the data. */
  private record Placed(TensorEntry tensor, long begin, long end) {}

  /**
   * Reads the header from the start of a file.
   *
   * @param in the file; on return at the first byte of data
   * @param file its name, for messages
   */
  static SafetensorsHeader read(InputStream in, String file) throws IOException {
    byte[] prefix = in.readNBytes(Long.BYTES);
    if (prefix.length < Long.BYTES) {
      throw new BadCheckpointException(
          "%s: %d bytes (expected: a safetensors file)".formatted(file, prefix.length));
    }
    long length = ByteBuffer.wrap(prefix).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (length < 2 || length > MAX_BYTES) {
      throw new BadCheckpointException(
          "%s: header of %s bytes (expected: 2 to %d)"
              .formatted(file, Long.toUnsignedString(length), MAX_BYTES));
    }
    byte[] json = in.readNBytes((int) length);
    if (json.length < length) {
      throw new BadCheckpointException(
          "%s: ends within its header (expected: %d bytes of header)".formatted(file, length));
    }
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(json)).toString();
      return parse(text, file);
    } catch (CharacterCodingException e) {
      throw new BadCheckpointException(file + ": header is not UTF-8 (expected: UTF-8)", e);
    }
  }

  private static SafetensorsHeader parse(String text, String file) throws IOException {
    List<Placed> placed = new ArrayList<>();
    Map<String, String> metadata = new LinkedHashMap<>();
    Map<String, Boolean> seen = new LinkedHashMap<>();
    try (var json = new JsonReader(new StringReader(text))) {
      json.beginObject();
      while (json.hasNext()) {
        String name = json.nextName();
        if (seen.put(name, true) != null) {
          throw new BadCheckpointException(
              "%s: tensor %s: twice (expected: once)".formatted(file, name));
        }
        if (name.equals(METADATA)) {
          readMetadata(json, metadata);
        } else {
          placed.add(readTensor(json, name, file));
        }
      }
      json.endObject();
      if (json.peek() != JsonToken.END_DOCUMENT) {
        throw new BadCheckpointException(file + ": text after the header (expected: its end)");
      }
    } catch (MalformedJsonException
        | EOFException
        | JsonParseException
        | IllegalStateException
        | NumberFormatException e) {
      throw new BadCheckpointException(
          "%s: header is not a JSON object of tensors (%s)".formatted(file, e.getMessage()), e);
    }
    placed.sort(Comparator.comparingLong(Placed::begin).thenComparingLong(Placed::end));
    checkPlaces(placed, file);
    return new SafetensorsHeader(
        placed.stream().map(Placed::tensor).toList(), Map.copyOf(metadata));
  }

  private static void readMetadata(JsonReader json, Map<String, String> metadata)
      throws IOException {
    json.beginObject();
    while (json.hasNext()) {
      metadata.put(json.nextName(), json.nextString());
    }
    json.endObject();
  }

  private static Placed readTensor(JsonReader json, String name, String file) throws IOException {
    String dtype = "missing";
    List<Long> shape = null;
    List<Long> offsets = List.of();
    json.beginObject();
    while (json.hasNext()) {
      String field = json.nextName();
      switch (field) {
        case "dtype" -> dtype = json.nextString();
        case "shape" -> shape = readLongs(json);
        case "data_offsets" -> offsets = readLongs(json);
        default ->
            throw new BadCheckpointException(
                "%s: tensor %s: field %s (expected: dtype, shape, data_offsets)"
                    .formatted(file, name, field));
      }
    }
    json.endObject();
    if (shape == null || offsets.size() != 2 || shape.stream().anyMatch(axis -> axis < 0)) {
      throw new BadCheckpointException(
          "%s: tensor %s: shape %s, data_offsets %s (expected: a shape and two offsets)"
              .formatted(file, name, shape, offsets));
    }
    return new Placed(
        new TensorEntry(name, dtype(dtype, name, file), shape), offsets.get(0), offsets.get(1));
  }

  private static DType dtype(String dtype, String name, String file) throws BadCheckpointException {
    try {
      return DType.valueOf(dtype);
    } catch (IllegalArgumentException e) {
      throw new BadCheckpointException(
          "%s: tensor %s: dtype %s (expected: one of %s)"
              .formatted(file, name, dtype, List.of(DType.values())),
          e);
    }
  }

  private static List<Long> readLongs(JsonReader json) throws IOException {
    List<Long> values = new ArrayList<>();
    json.beginArray();
    while (json.hasNext()) {
      values.add(json.nextLong());
    }
    json.endArray();
    return values;
  }

  private static void checkPlaces(List<Placed> placed, String file) throws BadCheckpointException {
    long end = 0;
    for (Placed tensor : placed) {
      if (tensor.begin() != end || tensor.end() - tensor.begin() != size(tensor, file)) {
        throw new BadCheckpointException(
            "%s: tensor %s: data_offsets %d to %d (expected: %d bytes from %d, no hole, no overlap)"
                .formatted(
                    file,
                    tensor.tensor().name(),
                    tensor.begin(),
                    tensor.end(),
                    size(tensor, file),
                    end));
      }
      end = tensor.end();
    }
  }

  private static long size(Placed tensor, String file) throws BadCheckpointException {
    try {
      return tensor.tensor().bytes();
    } catch (ArithmeticException e) {
      throw new BadCheckpointException(
          "%s: tensor %s: shape %s (expected: less than 2^63 bytes)"
              .formatted(file, tensor.tensor().name(), tensor.tensor().shape()),
          e);
    }
  }
}
