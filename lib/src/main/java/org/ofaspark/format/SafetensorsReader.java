package org.ofaspark.format;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ofaspark.config.Text;

/**
 * Reads a safetensors file from front to back, one tensor at a time: memory does not depend on the
 * size of the file, and neither tensors nor files have a limit of 2 GiB. Used by one thread.
 */
public final class SafetensorsReader implements AutoCloseable {

  private final InputStream in;
  private final String file;
  private final SafetensorsHeader header;

  /** Takes in a tensor's data. */
  @FunctionalInterface
  public interface Visitor {

    /**
     * Reads a tensor.
     *
     * @param tensor which one
     * @param data its bytes, little endian, row-major; what is left unread is skipped
     * @throws IOException if reading fails
     */
    void visit(TensorEntry tensor, InputStream data) throws IOException;
  }

  /**
   * Opens a file and checks its header.
   *
   * @param in the file; closed with this reader, or at once if this fails
   * @param file its name, for messages
   * @throws BadCheckpointException if the header breaks a rule of the format
   * @throws IOException if reading fails
   */
  public SafetensorsReader(InputStream in, String file) throws IOException {
    this.in = in;
    this.file = file;
    try {
      this.header = SafetensorsHeader.read(in, file);
    } catch (IOException | RuntimeException e) {
      closeAfter(e, in);
      throw e;
    }
  }

  /**
   * Finds the tensors of a file that can be read from any place, without reading them.
   *
   * @param file the file
   * @return by name, in the order of their data
   * @throws BadCheckpointException if the header breaks a rule of the format, or the data is longer
   *     or shorter than it says
   * @throws IOException if reading fails
   */
  public static Map<String, StoredTensor> locate(ByteSource file) throws IOException {
    Map<String, StoredTensor> stored = new LinkedHashMap<>();
    try (InputStream in = file.open(0);
        var reader = new SafetensorsReader(in, file.name())) {
      long offset = Long.BYTES + headerBytes(file);
      for (TensorEntry tensor : reader.tensors()) {
        stored.put(tensor.name(), new StoredTensor(tensor, file, offset));
        offset += tensor.bytes();
      }
      if (offset != file.length()) {
        throw new BadCheckpointException(
            Text.format(
                "%s: %d bytes (expected: %d, as its header says)",
                file.name(), file.length(), offset));
      }
    }
    return stored;
  }

  private static long headerBytes(ByteSource file) throws IOException {
    return ByteBuffer.wrap(ByteSource.read(file, 0, Long.BYTES))
        .order(ByteOrder.LITTLE_ENDIAN)
        .getLong();
  }

  private static void closeAfter(Exception failure, InputStream in) {
    try {
      in.close();
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  /** Returns the file's name, for messages. */
  public String file() {
    return file;
  }

  /** Returns the tensors in the order of their data. */
  public List<TensorEntry> tensors() {
    return header.tensors();
  }

  /** Returns the free text of the header. */
  public Map<String, String> metadata() {
    return header.metadata();
  }

  /**
   * Reads every tensor, once.
   *
   * @param visitor called for each tensor in the order of the data
   * @throws BadCheckpointException if the file ends early or goes on after its last tensor
   * @throws IOException if reading fails
   */
  public void readAll(Visitor visitor) throws IOException {
    for (TensorEntry tensor : header.tensors()) {
      var data = new TensorStream(in, tensor, file);
      visitor.visit(tensor, data);
      data.skipRest();
    }
    if (in.read() >= 0) {
      throw new BadCheckpointException(file + ": data after the last tensor (expected: the end)");
    }
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
