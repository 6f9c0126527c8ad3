package org.ofaspark.checkpoint;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.ofaspark.config.Text;
import org.ofaspark.format.DType;
import org.ofaspark.tensor.FlatVector;

/**
 * Copies float vectors to and from streams in portions of a megabyte, through the same memory each
 * time. Not thread-safe.
 */
final class FloatStreams {

  private static final int PORTION = 1 << 18;

  private final ByteBuffer host =
      ByteBuffer.allocateDirect(PORTION * Float.BYTES).order(ByteOrder.nativeOrder());
  private final byte[] bytes = new byte[PORTION * Double.BYTES];
  private final ByteBuffer little = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);

  /**
   * Writes a range of a vector as little-endian float32.
   *
   * @param from first position
   * @param count how many values
   */
  void write(FlatVector vector, long from, long count, OutputStream out) throws IOException {
    for (long done = 0; done < count; done += PORTION) {
      int portion = (int) Math.min(PORTION, count - done);
      host.clear().limit(portion * Float.BYTES);
      vector.read(from + done, host);
      little.asFloatBuffer().put(host.flip().asFloatBuffer());
      out.write(bytes, 0, portion * Float.BYTES);
    }
  }

  /**
   * Reads numbers of any float type into a range of a vector.
   *
   * @param from first position
   * @param count how many values
   * @param dtype F64, F32, F16 or BF16; F64 is rounded to float32, the others are exact
   * @param in holds as many numbers, little endian
   */
  void read(FlatVector vector, long from, long count, DType dtype, InputStream in)
      throws IOException {
    for (long done = 0; done < count; done += PORTION) {
      int portion = (int) Math.min(PORTION, count - done);
      int wanted = portion * dtype.bytes();
      if (in.readNBytes(bytes, 0, wanted) < wanted) {
        throw new EOFException(Text.format("values: %d (expected: %d)", done, count));
      }
      host.clear().limit(portion * Float.BYTES);
      for (int i = 0; i < portion; i++) {
        host.putFloat(number(little, i, dtype));
      }
      vector.write(from + done, host.flip());
    }
  }

  /**
   * Copies numbers of any float type as little-endian float32.
   *
   * @param count how many values
   * @param dtype type of what is read, as for {@link #read}
   * @param in holds as many numbers, little endian
   */
  static void copy(long count, DType dtype, InputStream in, OutputStream out) throws IOException {
    byte[] bytes = new byte[(int) Math.min(PORTION, count) * Float.BYTES]; // often a row
    ByteBuffer target = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    for (long done = 0; done < count; done += PORTION) {
      int portion = (int) Math.min(PORTION, count - done);
      ByteBuffer source =
          ByteBuffer.wrap(in.readNBytes(portion * dtype.bytes())).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < portion; i++) {
        target.putFloat(i * Float.BYTES, number(source, i, dtype));
      }
      out.write(bytes, 0, portion * Float.BYTES);
    }
  }

  private static float number(ByteBuffer little, int i, DType dtype) {
    return switch (dtype) {
      case F32 -> little.getFloat(i * Float.BYTES);
      case F64 -> (float) little.getDouble(i * Double.BYTES);
      case BF16 -> Float.intBitsToFloat(little.getShort(i * Short.BYTES) << 16);
      case F16 -> half(little.getShort(i * Short.BYTES));
      default ->
          throw new IllegalArgumentException(dtype + ": no float (expected: F64, F32, F16, BF16)");
    };
  }

  /** Widens a 16-bit float: 1 bit of sign, 5 of exponent, 10 of fraction. */
  private static float half(short bits) {
    int sign = (bits >> 15) << 31;
    int exponent = (bits >> 10) & 0x1f;
    int fraction = bits & 0x3ff;
    if (exponent == 0x1f) {
      return Float.intBitsToFloat(sign | 0x7f80_0000 | (fraction << 13));
    }
    if (exponent == 0) {
      return Math.copySign(fraction * 0x1p-24f, Float.intBitsToFloat(sign));
    }
    return Float.intBitsToFloat(sign | ((exponent + 112) << 23) | (fraction << 13));
  }
}
