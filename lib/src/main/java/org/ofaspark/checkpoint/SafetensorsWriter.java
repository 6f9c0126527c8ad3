package org.ofaspark.checkpoint;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

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
   * Writes a file.
   *
   * @param out the file; stays open
   * @param tensors in the order of their data
   * @param metadata free text by name
   * @param source called for each tensor in order
   * @throws IOException if writing fails, or the source gives another number of bytes
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
        throw new BadCheckpointException(
            "tensor %s: %d bytes written (expected: %d)"
                .formatted(tensor.name(), counted.count(), tensor.bytes()));
      }
    }
  }

  private static byte[] header(List<TensorEntry> tensors, Map<String, String> metadata) {
    JsonObject json = new JsonObject();
    if (!metadata.isEmpty()) {
      JsonObject texts = new JsonObject();
      metadata.forEach(texts::addProperty);
      json.add("__metadata__", texts);
    }
    long end = 0;
    for (TensorEntry tensor : tensors) {
      JsonObject entry = new JsonObject();
      entry.addProperty("dtype", tensor.dtype().name());
      JsonArray shape = new JsonArray();
      tensor.shape().forEach(shape::add);
      entry.add("shape", shape);
      JsonArray offsets = new JsonArray();
      offsets.add(end);
      end += tensor.bytes();
      offsets.add(end);
      entry.add("data_offsets", offsets);
      json.add(tensor.name(), entry);
    }
    StringBuilder text = new StringBuilder(json.toString());
    while (text.toString().getBytes(StandardCharsets.UTF_8).length % ALIGNMENT != 0) {
      text.append(' '); // as the reference implementation, so that data begins aligned
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  /** Counts what goes through. */
  private static final class CountingOutputStream extends OutputStream {
    private final OutputStream out;
    private long count;

    CountingOutputStream(OutputStream out) {
      this.out = out;
    }

    long count() {
      return count;
    }

    @Override
    public void write(int value) throws IOException {
      out.write(value);
      count++;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
      count += length;
    }
  }
}
