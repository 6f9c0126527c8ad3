package org.ofaspark.format;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.ofaspark.config.Text;

/** Writes a safetensors file from front to back, one tensor at a time. */
public final class SafetensorsWriter {

  private static final int ALIGNMENT = 8;

  private SafetensorsWriter() {}

  /** Gives out a tensor's data. */
  @FunctionalInterface
  public interface Source {

    /**
     * Writes a tensor.
     *
     * @param tensor which one
     * @param out takes exactly its bytes, little endian, row-major
     * @throws IOException if writing fails
     */
    void write(TensorEntry tensor, OutputStream out) throws IOException;
  }

  /**
   * Writes a file. The same tensors and metadata give the same bytes.
   *
   * @param out the file; stays open
   * @param tensors in the order of their data
   * @param metadata free text by name
   * @param source called for each tensor in order
   * @throws IOException if writing fails
   * @throws IllegalArgumentException if two tensors have one name, or the source gives another
   *     number of bytes than a tensor has
   */
  public static void write(
      OutputStream out, List<TensorEntry> tensors, Map<String, String> metadata, Source source)
      throws IOException {
    byte[] header = header(tensors, metadata);
    out.write(
        ByteBuffer.allocate(Long.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(header.length)
            .array());
    out.write(header);
    for (TensorEntry tensor : tensors) {
      var counted = new CountingOutputStream(out);
      source.write(tensor, counted);
      if (counted.count() != tensor.bytes()) {
        throw new IllegalArgumentException(
            Text.format(
                "tensor %s: %d bytes written (expected: %d)",
                tensor.name(), counted.count(), tensor.bytes()));
      }
    }
  }

  private static byte[] header(List<TensorEntry> tensors, Map<String, String> metadata) {
    JsonObject json = new JsonObject();
    if (!metadata.isEmpty()) {
      JsonObject texts = new JsonObject();
      new TreeMap<>(metadata).forEach(texts::addProperty);
      json.add(SafetensorsHeader.METADATA, texts);
    }
    long end = 0;
    for (TensorEntry tensor : tensors) {
      if (json.has(tensor.name())) {
        throw new IllegalArgumentException(
            Text.format("tensor %s: twice (expected: once)", tensor.name()));
      }
      json.add(tensor.name(), entry(tensor, end));
      end += tensor.bytes();
    }
    byte[] text = json.toString().getBytes(StandardCharsets.UTF_8);
    int aligned = (text.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    byte[] padded = Arrays.copyOf(text, aligned); // as the reference, so that data begins aligned
    Arrays.fill(padded, text.length, aligned, (byte) ' ');
    return padded;
  }

  private static JsonObject entry(TensorEntry tensor, long begin) {
    JsonArray shape = new JsonArray();
    tensor.shape().forEach(shape::add);
    JsonArray offsets = new JsonArray();
    offsets.add(begin);
    offsets.add(begin + tensor.bytes());
    JsonObject entry = new JsonObject();
    entry.addProperty("dtype", tensor.dtype().name());
    entry.add("shape", shape);
    entry.add("data_offsets", offsets);
    return entry;
  }
}
