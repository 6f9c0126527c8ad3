package org.ofaspark.collective;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class WireFormatTest {

  private static ByteBuffer floats(float... values) {
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(values.length * Float.BYTES).order(ByteOrder.nativeOrder());
    bytes.asFloatBuffer().put(values);
    return bytes;
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1",
    "-0.0, -0.0",
    "1.00390625, 1", // a tie, to even
    "1.01171875, 1.015625", // a tie, to even
    "1.00390637, 1.0078125", // just above the tie
    "-3.1415927, -3.140625",
    "1e-40, 9.1835e-41", // subnormal
    "3.4028235e38, Infinity",
    "-Infinity, -Infinity",
    "NaN, NaN"
  })
  void bfloat16IsTheNearestOfEightBits(float value, Float expected) {
    ByteBuffer encoded = encode(WireFormat.BF16, floats(value));
    assertThat(encoded.remaining()).isEqualTo(2);
    assertThat(Float.intBitsToFloat(encoded.getShort(0) << 16)).isEqualTo(expected);
  }

  @Test
  void everyNotANumberStaysOne() {
    for (int bits : new int[] {0x7F800001, 0x7FFFFFFF, 0xFF800001, 0xFFFFFFFF}) {
      ByteBuffer value = floats(0);
      value.putInt(0, bits);
      ByteBuffer encoded = encode(WireFormat.BF16, value);
      assertThat(Float.intBitsToFloat(encoded.getShort(0) << 16)).isNaN();
    }
  }

  @ParameterizedTest
  @EnumSource
  void numberCutBetweenPortionsIsAddedOnce(WireFormat format) {
    ByteBuffer encoded = encode(format, floats(1, 2, 3, 4, 5));
    for (int portion = 1; portion <= encoded.capacity(); portion++) {
      ByteBuffer sums = floats(10, 20, 30, 40, 50);
      WireFormat.Adder adder = format.new Adder(sums);
      for (int from = 0; from < encoded.capacity(); from += portion) {
        adder.add(encoded.slice(from, Math.min(portion, encoded.capacity() - from)));
      }
      float[] actual = new float[5];
      sums.asFloatBuffer().get(actual);
      assertThat(actual).containsExactly(11, 22, 33, 44, 55);
    }
  }

  private static ByteBuffer encode(WireFormat format, ByteBuffer floats) {
    return format.encode(floats, ByteBuffer.allocateDirect(10 * format.room()));
  }
}
