package org.ofaspark.checkpoint;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.ofaspark.config.Text;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.format.DType;
import org.ofaspark.format.Printable;
import org.ofaspark.format.TensorEntry;
import org.ofaspark.nn.TensorSpec;

/**
 * Compares the tensors of files with those of a model. Everything that does not fit is reported at
 * once, at the end. Used by one thread.
 */
public final class WeightCheck {

  private final Map<String, TensorSpec> specs = new HashMap<>();
  private final Set<String> missing = new TreeSet<>();
  private final List<String> unexpected = new ArrayList<>();
  private final List<String> unlike = new ArrayList<>();

  /**
   * Starts with no file.
   *
   * @param specs every tensor of the model
   */
  public WeightCheck(List<TensorSpec> specs) {
    specs.forEach(spec -> this.specs.put(spec.name(), spec));
    missing.addAll(this.specs.keySet());
  }

  /**
   * Takes note of a tensor.
   *
   * @param tensor what a file holds
   * @param file the file's name, for messages
   * @return whether it is to be read: false if it does not fit, or follows from others
   */
  public boolean accept(TensorEntry tensor, String file) {
    String name = tensor.name();
    if (WeightFiles.isDerived(name)) {
      return false;
    }
    if (WeightFiles.isBatchCount(name)) {
      return isLike(tensor, file, tensor.dtype() == DType.I64, "I64 ", List.of());
    }
    TensorSpec spec = specs.get(name);
    if (spec == null) {
      unexpected.add(Text.format("%s in %s", Printable.text(name), file));
      return false;
    }
    if (!missing.remove(name)) {
      unexpected.add(Text.format("%s once more in %s", name, file));
      return false;
    }
    return isLike(tensor, file, isFloat(tensor.dtype()), "float ", WeightFiles.axes(spec.shape()));
  }

  private boolean isLike(
      TensorEntry tensor, String file, boolean isType, String type, List<Long> shape) {
    boolean is = isType && tensor.shape().equals(shape);
    if (!is) {
      unlike.add(
          Text.format(
              "%s %s %s in %s (expected: %s%s)",
              Printable.text(tensor.name()), tensor.dtype(), tensor.shape(), file, type, shape));
    }
    return is;
  }

  private static boolean isFloat(DType dtype) {
    return switch (dtype) {
      case F64, F32, F16, BF16 -> true;
      case I64, I32, I16, I8, U64, U32, U16, U8, BOOL -> false;
    };
  }

  /**
   * Checks that every tensor of the model has been noted, and no other.
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
          Text.format(
              "weights: %s (expected: the tensors of the model, each once)",
              String.join("; ", faults)));
    }
  }

  private static void addFault(List<String> faults, String kind, Collection<String> tensors) {
    if (!tensors.isEmpty()) {
      faults.add(Text.format("%d %s: %s", tensors.size(), kind, String.join(", ", tensors)));
    }
  }
}
