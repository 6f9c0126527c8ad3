package org.ofaspark.nn;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.nn.TensorSpec.Initializer;

class StateDictTest {

  /** More than crosses to the device at once, as is the row of the padding symbol. */
  private static final int WIDTH = 1_100_000;

  private static final long SEED = 3;

  private static float[] normal(String name, int size, double deviation) {
    var random = new Random(SEED * 1_000_003 + name.hashCode());
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) (random.nextGaussian() * deviation);
    }
    return values;
  }

  private static TensorSpec trainable(String name, Initializer initializer, long... shape) {
    return new TensorSpec(name, new Shape(shape), TensorSpec.Role.TRAINABLE, initializer);
  }

  @Test
  void initialValuesAreThoseOfTheSeedAndTheName() {
    var specs =
        List.of(
            trainable("zeros", Initializer.ZEROS, 2, 3),
            trainable("table", Initializer.EMBEDDING, 3, WIDTH),
            trainable("ones", Initializer.ONES, 5),
            trainable("linear", Initializer.NORMAL, 2, WIDTH),
            trainable("convolution", Initializer.KAIMING, 8, 4, 3, 3));
    float[] table = normal("table", 3 * WIDTH, 0.02);
    Arrays.fill(table, WIDTH, 2 * WIDTH, 0);
    try (NDManager manager = TestDevice.newManager();
        var state = new StateDict(specs, manager)) {
      state.initialize(SEED);

      assertThat(state.get("zeros")).containsOnly(0);
      assertThat(state.get("table")).isEqualTo(table);
      assertThat(state.get("ones")).containsOnly(1);
      assertThat(state.get("linear")).isEqualTo(normal("linear", 2 * WIDTH, 0.02));
      assertThat(state.get("convolution"))
          .isEqualTo(normal("convolution", 8 * 4 * 9, Math.sqrt(2.0 / (8 * 9))));
    }
  }

  @Test
  void initialValuesNeedNoHeap() {
    var specs = List.of(trainable("table", Initializer.EMBEDDING, 3, WIDTH));
    try (NDManager manager = TestDevice.newManager();
        var state = new StateDict(specs, manager)) {
      state.initialize(SEED); // loads classes
      var memory = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      long before = memory.getCurrentThreadAllocatedBytes();

      state.initialize(SEED);

      assertThat(memory.getCurrentThreadAllocatedBytes() - before).isLessThan(WIDTH);
    }
  }
}
