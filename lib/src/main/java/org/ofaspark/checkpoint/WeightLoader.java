package org.ofaspark.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.ofaspark.nn.StateDict;
import org.ofaspark.nn.TensorSpec;

/**
 * Fills a state dict from one or more safetensors files. Everything that does not fit is told at
 * once, at the end.
 */
public final class WeightLoader {

  private final StateDict state;
  private final Map<String, TensorSpec> missing = new HashMap<>();
  private final List<String> unexpected = new ArrayList<>();
  private final List<String> misshaped = new ArrayList<>();

  /**
   * Creates a loader.
   *
   * @param state receives the values; stays with its owner
   */
  public WeightLoader(StateDict state) {
    this.state = state;
    state.specs().forEach(spec -> missing.put(spec.name(), spec));
  }

  /**
   * Reads one file.
   *
   * @param reader the file; stays open
   * @throws BadCheckpointException if the file breaks a rule of its format
   * @throws IOException if reading fails
   */
  public void read(SafetensorsReader reader) throws IOException {
    reader.readAll(this::accept);
  }

  private void accept(TensorEntry tensor, InputStream data) throws IOException {
    String name = tensor.name();
    if (WeightFiles.isBatchCount(name) && tensor.dtype() == DType.I64) {
      byte[] bytes = data.readNBytes(Long.BYTES);
      state.batchesTracked(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong());
      return;
    }
    if (WeightFiles.isDerived(name)) {
      return;
    }
    TensorSpec spec = missing.remove(name);
    if (spec == null) {
      unexpected.add(name);
      return;
    }
    if (!WeightFiles.axes(spec.shape()).equals(tensor.shape()) || !isFloat(tensor.dtype())) {
      misshaped.add(
          "%s %s %s (expected: float %s)"
              .formatted(name, tensor.dtype(), tensor.shape(), WeightFiles.axes(spec.shape())));
      return;
    }
    FloatStreams.read(
        state.vector(spec.role()),
        state.layout(spec.role()).offset(name),
        spec.size(),
        tensor.dtype(),
        data);
  }

  private static boolean isFloat(DType dtype) {
    return switch (dtype) {
      case F64, F32, F16, BF16 -> true;
      case I64, I32, I16, I8, U64, U32, U16, U8, BOOL -> false;
    };
  }

  /**
   * Checks that every tensor of the model has been read, and no other.
   *
   * @throws BadCheckpointException naming every tensor that is missing, unexpected or of another
   *     shape
   */
  public void finish() throws BadCheckpointException {
    if (missing.isEmpty() && unexpected.isEmpty() && misshaped.isEmpty()) {
      return;
    }
    throw new BadCheckpointException(
        "weights do not fit the model: missing %s; unexpected %s; of another shape %s"
            .formatted(new TreeSet<>(missing.keySet()), new TreeSet<>(unexpected), misshaped));
  }
}
