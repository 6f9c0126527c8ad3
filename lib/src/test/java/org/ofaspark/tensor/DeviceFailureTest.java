package org.ofaspark.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.EngineException;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceFailureTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CUDA error: device-side assert triggered\nCUDA kernel errors might be asynchronously",
        "CUDA error: an illegal memory access was encountered",
        "CUDA error: uncorrectable ECC error encountered",
        "CUDA error: unspecified launch failure",
        "CUDA error: misaligned address",
        "CUDA error: unknown error",
        "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"
      })
  void errorThatStaysIsKnownWhereverItIsWrapped(String message) {
    var failure = new EngineException(message);
    assertThat(DeviceFailure.isPermanent(failure)).isTrue();
    assertThat(
            DeviceFailure.isPermanent(
                new IllegalStateException("rank 3", new ExecutionException(failure))))
        .isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CUDA out of memory. Tried to allocate 20.00 MiB",
        "CUDA error: out of memory",
        "CUDA error: no kernel image is available for execution on the device",
        "index 9 is out of bounds for dimension 0 with size 4",
        "unknown error"
      })
  void errorThatPassesIsNot(String message) {
    assertThat(DeviceFailure.isPermanent(new EngineException(message))).isFalse();
  }

  @Test
  void onlyTheEngineTells() {
    var other = new IllegalStateException("CUDA error: device-side assert triggered");
    assertThat(DeviceFailure.isPermanent(other)).isFalse();
    assertThat(DeviceFailure.isPermanent(new IllegalStateException())).isFalse();
    var circle = new IllegalStateException();
    circle.initCause(new IllegalStateException(circle));
    assertThat(DeviceFailure.isPermanent(circle)).isFalse();
  }
}
