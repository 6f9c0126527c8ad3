package org.ofaspark.checkpoint;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;
import org.ofaspark.golden.Golden;
import org.ofaspark.nn.StateDict;
import org.ofaspark.nn.TensorSpec;
import org.ofaspark.nn.TensorSpec.Initializer;
import org.ofaspark.nn.TensorSpec.Role;

/** A state dict of five tensors, of every role. */
final class SmallState {

  static final List<TensorSpec> SPECS =
      List.of(
          spec("a.weight", Role.TRAINABLE, 3, 4),
          spec("frozen.weight", Role.FROZEN, 2),
          spec("bn.running_mean", Role.BUFFER, 5),
          spec("bn.running_var", Role.BUFFER, 5),
          spec("b.bias", Role.TRAINABLE, 7));

  private SmallState() {}

  private static TensorSpec spec(String name, Role role, long... shape) {
    return new TensorSpec(name, new Shape(shape), role, Initializer.ZEROS);
  }

  static StateDict zeros(NDManager manager) {
    return new StateDict(SPECS, manager);
  }

  /** Returns a state dict of any bits, infinities and not-a-numbers included. */
  static StateDict random(NDManager manager, long seed) {
    var random = new Random(seed);
    StateDict state = zeros(manager);
    for (TensorSpec spec : SPECS) {
      float[] values = new float[(int) spec.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = Float.intBitsToFloat(random.nextInt());
      }
      values[0] = Float.NaN;
      values[1] = Float.NEGATIVE_INFINITY;
      state.set(spec.name(), values);
    }
    state.batchesTracked(123_456_789_012L);
    return state;
  }

  static byte[] singleFile(StateDict state) throws IOException {
    var plan = WeightFiles.plan(state.specs(), WeightFiles.DEFAULT_MAX_BYTES);
    var out = new ByteArrayOutputStream();
    WeightFiles.write(out, plan.values().iterator().next(), state);
    return out.toByteArray();
  }

  /** Returns the bytes that a safetensors file has for a golden tensor. */
  static byte[] littleEndian(Golden.Tensor tensor) {
    int width = tensor.dtype().equals("I64") ? Long.BYTES : Float.BYTES;
    ByteBuffer bytes =
        ByteBuffer.allocate(tensor.values().length * width).order(ByteOrder.LITTLE_ENDIAN);
    for (double value : tensor.values()) {
      if (width == Long.BYTES) {
        bytes.putLong((long) value);
      } else {
        bytes.putFloat((float) value);
      }
    }
    return bytes.array();
  }
}
