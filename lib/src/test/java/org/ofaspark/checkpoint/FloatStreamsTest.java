package org.ofaspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.ofaspark.format.DType;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.tensor.FlatVector;

class FloatStreamsTest {

  private static final int ALL = 1 << 16;

  private final NDManager manager = TestDevice.newManager();
  private final FloatStreams streams = new FloatStreams();

  @AfterEach
  void close() {
    manager.close();
  }

  private float[] read(DType dtype, byte[] bytes) throws IOException {
    int count = bytes.length / dtype.bytes();
    FlatVector vector = FlatVector.zeros(manager, count);
    streams.read(vector, 0, count, dtype, new ByteArrayInputStream(bytes));
    return vector.array().toFloatArray();
  }

  /** Returns every 16-bit pattern, in the order of the numbers they are as integers. */
  private static byte[] allShorts() {
    ByteBuffer bytes = ByteBuffer.allocate(2 * ALL).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < ALL; i++) {
      bytes.putShort((short) i);
    }
    return bytes.array();
  }

  @Test
  void everyHalfIsWidenedExactly() throws IOException {
    float[] values = read(DType.F16, allShorts());
    for (int i = 0; i < ALL; i++) {
      int exponent = (i >> 10) & 31;
      double fraction = (i & 1023) / 1024.0;
      double magnitude =
          exponent == 0 ? fraction * Math.pow(2, -14) : (1 + fraction) * Math.pow(2, exponent - 15);
      if (exponent == 31) {
        magnitude = fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
      }
      float expected = (float) (i >= ALL / 2 ? -magnitude : magnitude);
      assertThat(Float.floatToIntBits(values[i]))
          .as("pattern %04x", i)
          .isEqualTo(Float.floatToIntBits(expected));
    }
  }

  @Test
  void everyBrainFloatIsWidenedExactly() throws IOException {
    float[] values = read(DType.BF16, allShorts());
    for (int i = 0; i < ALL; i++) {
      assertThat(Float.floatToIntBits(values[i]))
          .as("pattern %04x", i)
          .isEqualTo(Float.floatToIntBits(Float.intBitsToFloat(i << 16)));
    }
  }

  @Test
  void doublesAreRounded() throws IOException {
    double[] doubles = {0.1, -1e300, 1e-300, Double.NaN, 16777217};
    ByteBuffer bytes = ByteBuffer.allocate(8 * doubles.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asDoubleBuffer().put(doubles);
    assertThat(read(DType.F64, bytes.array()))
        .containsExactly(0.1f, Float.NEGATIVE_INFINITY, 0, Float.NaN, 16777216);
  }

  @Test
  void rangeOfManyPortionsIsWrittenAndReadBack() throws IOException {
    int size = 600_001;
    FlatVector vector = FlatVector.over(manager.arange(size).toType(DataType.FLOAT32, false));
    var out = new ByteArrayOutputStream();
    streams.write(vector, 1, size - 1, out);
    assertThat(out.size()).isEqualTo(4 * (size - 1));

    FlatVector read = FlatVector.zeros(manager, size);
    streams.read(read, 1, size - 1, DType.F32, new ByteArrayInputStream(out.toByteArray()));
    assertThat(read.array().toFloatArray()).isEqualTo(vector.array().toFloatArray());
  }

  @Test
  void streamThatEndsEarlyIsRefused() {
    FlatVector vector = FlatVector.zeros(manager, 3);
    var in = new ByteArrayInputStream(new byte[11]);
    assertThatThrownBy(() -> streams.read(vector, 0, 3, DType.F32, in))
        .isInstanceOf(EOFException.class);
  }

  @Test
  void integersAreRefused() {
    assertThatThrownBy(() -> read(DType.I32, new byte[4]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("I32: no float (expected: F64, F32, F16, BF16)");
  }
}
