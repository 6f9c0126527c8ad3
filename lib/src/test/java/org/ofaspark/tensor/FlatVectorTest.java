package org.ofaspark.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.ofaspark.golden.TestDevice;

class FlatVectorTest {

  private static final int LARGE = (1 << 24) + (1 << 23) + 5; // two parts of a copy

  private final NDManager manager = TestDevice.newManager();

  @AfterEach
  void close() {
    manager.close();
  }

  private static ByteBuffer direct(int values) {
    return ByteBuffer.allocateDirect(values * Float.BYTES).order(ByteOrder.nativeOrder());
  }

  private static ByteBuffer direct(float... values) {
    ByteBuffer buffer = direct(values.length);
    buffer.asFloatBuffer().put(values);
    return buffer;
  }

  @Test
  void valuesThatAreWrittenArrive() {
    FlatVector vector = FlatVector.zeros(manager, 5);
    ByteBuffer values = direct(1, 2, 3);

    vector.write(1, values);

    assertThat(values.hasRemaining()).isFalse();
    assertThat(vector.array().toFloatArray()).containsExactly(0, 1, 2, 3, 0);
  }

  @Test
  void leafIsWrittenAndReadWithRecordingOn() {
    FlatVector vector = FlatVector.zeros(manager, 3);
    Autograd.leaf(vector.array());
    ByteBuffer room = direct(2);

    Autograd.record(
        () -> {
          vector.write(1, direct(4, 5));
          vector.read(1, room);
          return vector;
        });

    assertThat(room.flip().asFloatBuffer()).isEqualTo(direct(4, 5).asFloatBuffer());
    assertThat(vector.array().toFloatArray()).containsExactly(0, 4, 5);
  }

  @Test
  void onlyTheRestOfABufferIsUsed() {
    FlatVector vector = FlatVector.zeros(manager, 2);
    ByteBuffer values = direct(7, 8, 9);
    vector.write(0, values.position(Float.BYTES));
    ByteBuffer room = direct(3);
    vector.read(0, room.position(Float.BYTES));
    assertThat(room.flip().asFloatBuffer()).isEqualTo(direct(0, 8, 9).asFloatBuffer());
  }

  @Test
  void largeRangeIsCopiedInParts() {
    ByteBuffer values = direct(LARGE);
    for (int i = 0; i < LARGE; i++) {
      values.putFloat(i * Float.BYTES, i);
    }
    FlatVector vector = FlatVector.zeros(manager, LARGE + 1);
    vector.write(1, values);
    ByteBuffer read = direct(LARGE + 1);
    vector.read(0, read);

    assertThat(read.getFloat(0)).isZero();
    assertThat(read.slice(Float.BYTES, LARGE * Float.BYTES)).isEqualTo(values.flip());

    var checksum = new CRC32C();
    vector.addTo(checksum);
    var expected = new CRC32C();
    expected.update(read.flip());
    assertThat(checksum.getValue()).isEqualTo(expected.getValue());
  }

  @Test
  void rangeOutsideAndBufferInTheHeapAreRefused() {
    FlatVector vector = FlatVector.zeros(manager, 2);
    assertThatThrownBy(() -> vector.write(1, direct(1, 2)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("range: 1 to 3 (expected: within 0 to 2, at most 268435456 long)");
    assertThatThrownBy(() -> vector.read(0, ByteBuffer.allocate(8)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("buffer: in the heap (expected: a direct one");
  }

  /** A sum in float32 is off by 1e-3 here, and by another amount for each division. */
  @Test
  void squaredNormOfManyValuesIsThatOfFloat64HoweverTheyAreDivided() {
    int size = 32_000_000;
    ByteBuffer values = direct(size);
    var random = new Random(1);
    double expected = 0;
    for (int i = 0; i < size; i++) {
      float value = (float) random.nextGaussian();
      values.putFloat(i * Float.BYTES, value);
      expected += (double) value * value;
    }
    FlatVector vector = FlatVector.zeros(manager, size);
    vector.write(0, values);

    assertThat(ScriptedOps.squaredNorm(vector.array()))
        .isCloseTo(expected, within(1e-9 * expected));
    for (int ranks : new int[] {2, 4}) {
      double sum = 0;
      for (int rank = 0; rank < ranks; rank++) {
        long share = size / ranks;
        String part = "%d:%d".formatted(rank * share, (rank + 1) * share);
        sum += ScriptedOps.squaredNorm(vector.array().get(part));
      }
      assertThat(sum).isCloseTo(expected, within(1e-9 * expected));
    }
  }

  @Test
  void squaredNormOfNothingIsZero() {
    assertThat(ScriptedOps.squaredNorm(FlatVector.zeros(manager, 0).array())).isZero();
  }
}
