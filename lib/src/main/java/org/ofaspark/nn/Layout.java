package org.ofaspark.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where each tensor lies in one flat vector.
 *
 * <p>A whole model in one vector gives one gradient to reduce, one norm to clip and one call of the
 * optimizer, and a share of it is a range of positions. Immutable.
 */
public final class Layout {

  private final List<TensorSpec> specs;
  private final Map<String, Long> offsets = new LinkedHashMap<>();
  private final long size;

  /**
   * Lays tensors end to end.
   *
   * @param specs the tensors, in the order they take
   */
  public Layout(List<TensorSpec> specs) {
    this.specs = List.copyOf(specs);
    long end = 0;
    for (TensorSpec spec : specs) {
      if (offsets.put(spec.name(), end) != null) {
        throw new IllegalArgumentException(spec.name() + ": twice (expected: once)");
      }
      end += spec.size();
    }
    this.size = end;
  }

  /** Returns the length of the vector. */
  public long size() {
    return size;
  }

  /**
   * Returns where a tensor begins.
   *
   * @param name a tensor of this layout
   */
  public long offset(String name) {
    Long offset = offsets.get(name);
    if (offset == null) {
      throw new IllegalArgumentException(name + ": unknown (expected: a tensor of this model)");
    }
    return offset;
  }

  /**
   * Cuts the vector into named views of its memory. Recorded by automatic differentiation: a
   * gradient of a view flows into the vector.
   *
   * @param flat float vector of this layout's size
   * @return a view for each tensor, owned by the current scope
   */
  public Map<String, NDArray> split(NDArray flat) {
    if (specs.isEmpty()) {
      return Map.of();
    }
    long[] cuts = new long[specs.size() - 1];
    for (int i = 0; i < cuts.length; i++) {
      cuts[i] = offset(specs.get(i + 1).name());
    }
    NDList parts = cuts.length == 0 ? new NDList(flat) : flat.split(cuts, 0);
    Map<String, NDArray> views = new LinkedHashMap<>();
    for (int i = 0; i < specs.size(); i++) {
      Shape shape = specs.get(i).shape();
      views.put(specs.get(i).name(), parts.get(i).reshape(shape));
    }
    return views;
  }

  /**
   * Returns the layout of the tensors with one role.
   *
   * @param all every tensor of a model, in upstream's order
   * @param role the role
   */
  public static Layout of(List<TensorSpec> all, TensorSpec.Role role) {
    List<TensorSpec> chosen = new ArrayList<>(all);
    chosen.removeIf(spec -> spec.role() != role);
    return new Layout(chosen);
  }
}
