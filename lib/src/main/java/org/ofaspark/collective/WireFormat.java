package org.ofaspark.collective;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * The form in which gradients travel between ranks. Sums are float32 at all times, and so are the
 * parameters that travel back: the ranks' copies of them stay the same to the bit.
 *
 * <p>Numbers pass through small arrays, which the first cache holds. A loop over buffers is as fast
 * only where the compiler makes one piece of it: inside the code that receives a message it often
 * calls a method for each number instead, and halves the speed of the network.
 */
public enum WireFormat {
  /** float32: what arrives is what was sent. */
  FP32(Float.BYTES) {
    @Override
    public ByteBuffer encode(ByteBuffer floats, ByteBuffer room) {
      return floats;
    }

    @Override
    void add(ByteBuffer encoded, float[] sums, int count, Scratch scratch) {
      float[] values = scratch.values;
      encoded.asFloatBuffer().get(values, 0, count);
      for (int i = 0; i < count; i++) {
        sums[i] += values[i];
      }
    }
  },

  /** bfloat16: half the bytes, 8 bits of precision; rounded to the nearest, ties to even. */
  BF16(Short.BYTES) {
    @Override
    public ByteBuffer encode(ByteBuffer floats, ByteBuffer room) {
      FloatBuffer left = floats.asFloatBuffer();
      ByteBuffer encoded =
          room.slice(0, left.remaining() * Short.BYTES).order(ByteOrder.nativeOrder());
      var target = encoded.asShortBuffer();
      var values = new float[PORTION];
      var halves = new short[PORTION];
      while (left.hasRemaining()) {
        int count = Math.min(PORTION, left.remaining());
        left.get(values, 0, count);
        for (int i = 0; i < count; i++) {
          halves[i] = round(values[i]);
        }
        target.put(halves, 0, count);
      }
      return encoded;
    }

    @Override
    void add(ByteBuffer encoded, float[] sums, int count, Scratch scratch) {
      short[] halves = scratch.halves;
      encoded.asShortBuffer().get(halves, 0, count);
      for (int i = 0; i < count; i++) {
        sums[i] += Float.intBitsToFloat(halves[i] << Short.SIZE);
      }
    }
  };

  /** Numbers that are handled at once: a few arrays of them fit in the first cache. */
  private static final int PORTION = 2048;

  private static final int NOT_A_NUMBER = 0x7FC0;

  private final int bytes;

  WireFormat(int bytes) {
    this.bytes = bytes;
  }

  /** Returns the bytes that {@link #encode} needs for a number: none if it stays as it is. */
  public int room() {
    return this == FP32 ? 0 : bytes;
  }

  /** Returns the bytes of a number. */
  public int bytes() {
    return bytes;
  }

  /**
   * Returns numbers as they travel.
   *
   * @param floats float32 in native order, from position to limit; stays as it is
   * @param room {@link #room} bytes for each number, overwritten
   * @return the floats themselves, or the start of the room
   */
  public abstract ByteBuffer encode(ByteBuffer floats, ByteBuffer room);

  /** Adds the first numbers that have travelled, in native order; the buffer stays as it is. */
  abstract void add(ByteBuffer encoded, float[] sums, int count, Scratch scratch);

  private static short round(float value) {
    int bits = Float.floatToRawIntBits(value);
    int half = 0x7FFF + ((bits >>> Short.SIZE) & 1);
    int rounded = (bits + half) >>> Short.SIZE;
    // rounding the bits of what is not a number could make it an infinity
    return (short) (Float.isNaN(value) ? NOT_A_NUMBER : rounded);
  }

  /** Memory that an addition overwrites. */
  private static final class Scratch {
    private final float[] values = new float[PORTION];
    private final short[] halves = new short[PORTION];
  }

  /** Adds a stream of encoded numbers to floats; a number may be cut in two between portions. */
  public final class Adder {
    private final FloatBuffer sums;
    private final float[] portion = new float[PORTION];
    private final Scratch scratch = new Scratch();
    private final byte[] cut = new byte[bytes];
    private int cutLength;
    private int position;

    /**
     * Prepares for a stream.
     *
     * @param sums where to add, in native order; written from its position on
     */
    public Adder(ByteBuffer sums) {
      this.sums = sums.asFloatBuffer();
    }

    /**
     * Adds a portion.
     *
     * @param data all of it is taken in
     */
    public void add(ByteBuffer data) {
      while (cutLength > 0 && data.hasRemaining()) {
        cut[cutLength++] = data.get();
        if (cutLength == bytes) {
          addWhole(ByteBuffer.wrap(cut), 1);
          cutLength = 0;
        }
      }
      while (data.remaining() >= bytes) {
        int count = Math.min(PORTION, data.remaining() / bytes);
        addWhole(data.slice(), count);
        data.position(data.position() + count * bytes);
      }
      while (data.hasRemaining()) {
        cut[cutLength++] = data.get();
      }
    }

    private void addWhole(ByteBuffer encoded, int count) {
      sums.get(position, portion, 0, count);
      WireFormat.this.add(encoded.order(ByteOrder.nativeOrder()), portion, count, scratch);
      sums.put(position, portion, 0, count);
      position += count;
    }
  }
}
