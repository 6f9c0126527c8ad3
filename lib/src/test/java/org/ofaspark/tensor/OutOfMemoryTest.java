package org.ofaspark.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.junit.jupiter.api.Test;

class OutOfMemoryTest {

  @Test
  void engineWithoutMemoryIsTold() {
    try (NDManager manager = TorchRuntime.newManager(Device.cpu())) {
      Throwable failure = catchThrowable(() -> manager.zeros(new Shape(1L << 50)));
      assertThat(OutOfMemory.is(failure)).as("%s", failure).isTrue();
    }
  }

  @Test
  void otherFailuresAreNone() {
    try (NDManager manager = TorchRuntime.newManager(Device.cpu())) {
      Throwable failure =
          catchThrowable(() -> manager.zeros(new Shape(2)).matMul(manager.zeros(new Shape(3))));
      assertThat(failure).isNotNull();
      assertThat(OutOfMemory.is(failure)).isFalse();
      assertThat(OutOfMemory.is(new IllegalStateException("out of memory"))).isFalse();
    }
  }
}
