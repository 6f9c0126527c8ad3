package org.ofaspark.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.ofaspark.nn.StateDict;
import org.ofaspark.nn.TensorSpec;

/**
 * Fills a state dict from one or more safetensors files. Everything that does not fit is told at
 * once, at the end. Used by one thread.
 */
public final class WeightLoader {

  private final StateDict state;
  private final Map<String, TensorSpec> specs = new HashMap<>();
  private final Set<String> missing = new TreeSet<>();
  private final List<String> unexpected = new ArrayList<>();
  private final List<String> unlike = new ArrayList<>();

  /**
   * Creates a loader.
   *
   * @param state receives the values; stays with its owner
   */
  public WeightLoader(StateDict state) {
    this.state = state;
    state.specs().forEach(spec -> specs.put(spec.name(), spec));
    missing.addAll(specs.keySet());
  }

  /**
   * Reads one file.
   *
   * @param reader the file; stays open
   * @throws BadCheckpointException if the file breaks a rule of its format
   * @throws IOException if reading fails
   */
  public void read(SafetensorsReader reader) throws IOException {
    reader.readAll((tensor, data) -> accept(tensor, data, reader.file()));
  }

  private void accept(TensorEntry tensor, InputStream data, String file) throws IOException {
    String name = tensor.name();
    if (WeightFiles.isDerived(name)) {
      return;
    }
    if (WeightFiles.isBatchCount(name)) {
      readBatchCount(tensor, data, file);
      return;
    }
    TensorSpec spec = specs.get(name);
    if (spec == null) {
      unexpected.add("%s in %s".formatted(name, file));
      return;
    }
    if (!missing.remove(name)) {
      unexpected.add("%s once more in %s".formatted(name, file));
      return;
    }
    List<Long> shape = WeightFiles.axes(spec.shape());
    if (!tensor.shape().equals(shape) || !isFloat(tensor.dtype())) {
      reportUnlike(tensor, file, "float " + shape);
      return;
    }
    FloatStreams.read(
        state.vector(spec.role()),
        state.layout(spec.role()).offset(name),
        spec.size(),
        tensor.dtype(),
        data);
  }

  private void readBatchCount(TensorEntry tensor, InputStream data, String file)
      throws IOException {
    if (tensor.dtype() != DType.I64 || !tensor.shape().isEmpty()) {
      reportUnlike(tensor, file, "I64 []");
      return;
    }
    byte[] bytes = data.readNBytes(Long.BYTES);
    state.batchesTracked(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong());
  }

  private void reportUnlike(TensorEntry tensor, String file, String rule) {
    unlike.add(
        "%s %s %s in %s (expected: %s)"
            .formatted(tensor.name(), tensor.dtype(), tensor.shape(), file, rule));
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
   *     shape or type
   */
  public void finish() throws BadCheckpointException {
    List<String> faults = new ArrayList<>();
    addFault(faults, "missing", missing);
    addFault(faults, "unexpected", unexpected);
    addFault(faults, "of another shape or type", unlike);
    if (!faults.isEmpty()) {
      throw new BadCheckpointException(
          "weights: %s (expected: the tensors of the model, each once)"
              .formatted(String.join("; ", faults)));
    }
  }

  private static void addFault(List<String> faults, String kind, Collection<String> tensors) {
    if (!tensors.isEmpty()) {
      faults.add("%d %s: %s".formatted(tensors.size(), kind, String.join(", ", tensors)));
    }
  }
}
