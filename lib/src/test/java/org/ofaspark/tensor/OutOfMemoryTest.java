package org.ofaspark.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.golden.TestDevice;

class OutOfMemoryTest {

  @Test
  void engineWithoutMemoryIsTold() {
    try (NDManager manager = TestDevice.newManager()) {
      Throwable failure = catchThrowable(() -> manager.zeros(new Shape(1L << 50)));
      assertThat(OutOfMemory.is(failure)).as("%s", failure).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CUDA out of memory. Tried to allocate 2.00 GiB",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "GET was unable to find an engine to execute this computation"
      })
  void librariesOfCudaWithoutMemoryAreTold(String message) {
    assertThat(OutOfMemory.is(new EngineException(message))).isTrue();
  }

  @Test
  void otherFailuresAreNone() {
    try (NDManager manager = TestDevice.newManager()) {
      Throwable failure =
          catchThrowable(() -> manager.zeros(new Shape(2)).matMul(manager.zeros(new Shape(3))));
      assertThat(failure).isNotNull();
      assertThat(OutOfMemory.is(failure)).isFalse();
      assertThat(OutOfMemory.is(new IllegalStateException("out of memory"))).isFalse();
    }
  }
}
