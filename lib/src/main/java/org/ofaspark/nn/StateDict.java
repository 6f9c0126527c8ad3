package org.ofaspark.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.ofaspark.config.Text;
import org.ofaspark.nn.TensorSpec.Role;
import org.ofaspark.tensor.Autograd;
import org.ofaspark.tensor.FlatVector;
import org.ofaspark.tensor.FloatType;
import org.ofaspark.tensor.ScriptedOps;

/**
 * The values of a model: one flat vector each for the trainable parameters, the frozen ones and the
 * buffers.
 *
 * <p>Owns its native memory. The trainable vector is a leaf of automatic differentiation. Not
 * thread-safe while written; any number of threads may run inference on it.
 */
public final class StateDict implements AutoCloseable {

  /** Values that cross between Java and the device at once, 4 MiB. */
  private static final int PORTION = 1 << 20;

  private final List<TensorSpec> specs;
  private final Map<Role, Layout> layouts = new LinkedHashMap<>();
  private final Map<Role, FlatVector> vectors = new LinkedHashMap<>();
  private long batchesTracked;

  /**
   * Allocates a state dict of zeros.
   *
   * @param specs every tensor of the model, in upstream's order
   * @param manager owner of the memory, on the device to compute on
   */
  public StateDict(List<TensorSpec> specs, NDManager manager) {
    this.specs = List.copyOf(specs);
    for (Role role : Role.values()) {
      Layout layout = Layout.of(specs, role);
      layouts.put(role, layout);
      vectors.put(role, FlatVector.zeros(manager, layout.size()));
    }
    Autograd.leaf(vector(Role.TRAINABLE).array());
  }

  /** Returns every tensor of the model, in upstream's order. */
  public List<TensorSpec> specs() {
    return specs;
  }

  /**
   * Returns where the tensors of a role lie in their vector.
   *
   * @param role the role
   */
  public Layout layout(Role role) {
    return Objects.requireNonNull(layouts.get(role));
  }

  /**
   * Returns the vector of a role; owned by this state dict.
   *
   * @param role the role
   */
  public FlatVector vector(Role role) {
    return Objects.requireNonNull(vectors.get(role));
  }

  /** Returns how many training micro-batches the running statistics have seen. */
  public long batchesTracked() {
    return batchesTracked;
  }

  /**
   * Records how many training micro-batches the running statistics have seen.
   *
   * @param batches the number
   */
  public void batchesTracked(long batches) {
    this.batchesTracked = batches;
  }

  /**
   * Returns a view of every tensor by its name. Recorded by automatic differentiation, so that
   * gradients of the views of one forward pass flow into the one trainable vector.
   *
   * @return views owned by the current scope
   */
  public Map<String, NDArray> views() {
    Map<String, NDArray> views = new LinkedHashMap<>();
    for (Role role : Role.values()) {
      views.putAll(layout(role).split(vector(role).array()));
    }
    return views;
  }

  /**
   * Returns a copy of every parameter in another type, by its name; buffers are left out. Recorded,
   * as {@link #views()}.
   *
   * @param type the type
   * @return arrays owned by the current scope
   */
  Map<String, NDArray> views(FloatType type) {
    Map<String, NDArray> views = new LinkedHashMap<>();
    for (Role role : List.of(Role.TRAINABLE, Role.FROZEN)) {
      views.putAll(layout(role).split(ScriptedOps.cast(vector(role).array(), type)));
    }
    return views;
  }

  /**
   * Draws the values of a model that starts from nothing. The same seed gives the same values on
   * every machine, and a tensor's values depend on no other tensor.
   *
   * @param seed any number
   */
  public void initialize(long seed) {
    ByteBuffer room = room(PORTION);
    for (TensorSpec spec : specs) {
      var random = new Random(seed * 1_000_003 + spec.name().hashCode());
      double deviation = deviation(spec);
      long offset = layout(spec.role()).offset(spec.name());
      for (long from = 0; from < spec.size(); from += PORTION) {
        long to = Math.min(from + PORTION, spec.size());
        FloatBuffer values = room.clear().limit((int) (to - from) * Float.BYTES).asFloatBuffer();
        for (long i = from; i < to; i++) {
          values.put(initialValue(spec, i, deviation, random));
        }
        vector(spec.role()).write(offset + from, room);
      }
    }
  }

  /** Returns the value at a position of a tensor, whose values are drawn in order. */
  private static float initialValue(
      TensorSpec spec, long position, double deviation, Random random) {
    return switch (spec.initializer()) {
      case ZEROS -> 0;
      case ONES -> 1;
      case NORMAL, KAIMING -> (float) (random.nextGaussian() * deviation);
      case EMBEDDING -> {
        float drawn = (float) (random.nextGaussian() * deviation);
        yield position / spec.shape().get(1) == 1 ? 0 : drawn;
      }
    };
  }

  private static double deviation(TensorSpec spec) {
    return switch (spec.initializer()) {
      case ZEROS, ONES -> 0;
      case NORMAL, EMBEDDING -> 0.02;
      case KAIMING -> Math.sqrt(2 / (spec.size() / (double) spec.shape().get(1)));
    };
  }

  /**
   * Sets a tensor's values.
   *
   * @param name a tensor of this model
   * @param values in row-major order, as many as the tensor has
   */
  public void set(String name, float[] values) {
    TensorSpec spec = spec(name);
    if (values.length != spec.size()) {
      throw new IllegalArgumentException(
          Text.format(
              "%s: %d values (expected: %d, shape %s)",
              name, values.length, spec.size(), spec.shape()));
    }
    ByteBuffer room = room(spec.size());
    long offset = layout(spec.role()).offset(name);
    for (int from = 0; from < values.length; from += PORTION) {
      int count = Math.min(PORTION, values.length - from);
      room.clear().limit(count * Float.BYTES).asFloatBuffer().put(values, from, count);
      vector(spec.role()).write(offset + from, room);
    }
  }

  /** Makes room for a portion of a tensor between Java and the device. */
  private static ByteBuffer room(long size) {
    return ByteBuffer.allocateDirect((int) Math.min(size, PORTION) * Float.BYTES)
        .order(ByteOrder.nativeOrder());
  }

  /**
   * Returns a copy of a tensor's values in row-major order.
   *
   * @param name a tensor of this model
   */
  public float[] get(String name) {
    TensorSpec spec = spec(name);
    float[] result = new float[Math.toIntExact(spec.size())];
    ByteBuffer room = room(spec.size());
    long offset = layout(spec.role()).offset(name);
    for (int from = 0; from < result.length; from += PORTION) {
      int count = Math.min(PORTION, result.length - from);
      vector(spec.role()).read(offset + from, room.clear().limit(count * Float.BYTES));
      room.flip().asFloatBuffer().get(result, from, count);
    }
    return result;
  }

  /**
   * Returns the description of a tensor.
   *
   * @param name a tensor of this model
   */
  public TensorSpec spec(String name) {
    return specs.stream()
        .filter(spec -> spec.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    name + ": unknown (expected: a tensor of this model)"));
  }

  @Override
  public void close() {
    vectors.values().forEach(FlatVector::close);
  }
}
