package org.ofaspark.collective;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;

/**
 * The form in which gradients travel between ranks. Sums are float32 at all times, and so are the
 * parameters that travel back: the ranks' copies of them stay the same to the bit.
 */
public enum WireFormat {
  /** float32: what arrives is what was sent. */
  FP32(Float.BYTES) {
    @Override
    public ByteBuffer encode(ByteBuffer floats, ByteBuffer room) {
      return floats;
    }

    @Override
    void add(FloatBuffer sums, ByteBuffer encoded) {
      FloatBuffer values = encoded.asFloatBuffer();
      int count = values.remaining();
      for (int i = 0; i < count; i++) {
        sums.put(i, sums.get(i) + values.get(i));
      }
    }
  },

  /** bfloat16: half the bytes, 8 bits of precision; rounded to the nearest, ties to even. */
  BF16(Short.BYTES) {
    @Override
    public ByteBuffer encode(ByteBuffer floats, ByteBuffer room) {
      FloatBuffer values = floats.asFloatBuffer();
      int count = values.remaining();
      ByteBuffer encoded = room.slice(0, count * Short.BYTES).order(ByteOrder.nativeOrder());
      ShortBuffer halves = encoded.asShortBuffer();
      for (int i = 0; i < count; i++) {
        halves.put(i, round(values.get(i)));
      }
      return encoded;
    }

    @Override
    void add(FloatBuffer sums, ByteBuffer encoded) {
      ShortBuffer halves = encoded.asShortBuffer();
      int count = halves.remaining();
      for (int i = 0; i < count; i++) {
        sums.put(i, sums.get(i) + Float.intBitsToFloat(halves.get(i) << Short.SIZE));
      }
    }
  };

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

  /** Adds numbers that have travelled, in native order; alone, so that the loop is vectorised. */
  abstract void add(FloatBuffer sums, ByteBuffer encoded);

  private static short round(float value) {
    int bits = Float.floatToRawIntBits(value);
    int half = 0x7FFF + ((bits >>> Short.SIZE) & 1);
    int rounded = (bits + half) >>> Short.SIZE;
    // rounding the bits of what is not a number could make it an infinity
    return (short) (Float.isNaN(value) ? NOT_A_NUMBER : rounded);
  }

  /** Adds a stream of encoded numbers to floats; a number may be cut in two between portions. */
  public final class Adder {
    private final FloatBuffer sums;
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
          addWhole(ByteBuffer.wrap(cut));
          cutLength = 0;
        }
      }
      int whole = data.remaining() / bytes * bytes;
      addWhole(data.slice(data.position(), whole));
      data.position(data.position() + whole);
      while (data.hasRemaining()) {
        cut[cutLength++] = data.get();
      }
    }

    private void addWhole(ByteBuffer encoded) {
      int count = encoded.remaining() / bytes;
      WireFormat.this.add(sums.slice(position, count), encoded.order(ByteOrder.nativeOrder()));
      position += count;
    }
  }
}
