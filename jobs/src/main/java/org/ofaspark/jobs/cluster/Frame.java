package org.ofaspark.jobs.cluster;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.UUID;
import org.ofaspark.config.Text;

/**
 * What stands before everything that one rank sends to another.
 *
 * @param group names the ranks that work together, see {@link RankId}
 * @param sender its rank
 * @param sequence number of the collective operation, from 0
 * @param kind what follows
 * @param position for readiness the vector's size, for streams and what has been taken in the first
 *     float's position in the vector; else 0
 * @param length for streams the number of bytes, else 0
 */
record Frame(UUID group, int sender, long sequence, Kind kind, long position, int length) {

  /** The size of a frame in bytes. */
  static final int BYTES = 49;

  private static final int MAGIC = 0x4f464131; // "OFA1"

  /** What a message is. */
  enum Kind {
    /** The sender has entered a reduce-scatter and can take in streams. */
    READY_TO_REDUCE(1),
    /** The sender has entered an all-gather and can take in streams. */
    READY_TO_GATHER(2),
    /** A stream of floats to add to the receiver's. */
    REDUCE(3),
    /** A stream of floats to put in place of the receiver's. */
    GATHER(4),
    /** An array of bytes. */
    ARRAY(5),
    /** The sender is alive. */
    ALIVE(6),
    /** The sender has finished its last operation. */
    LEAVING(7),
    /** The sender has taken a stream in. */
    TAKEN(8);

    private final byte code;

    Kind(int code) {
      this.code = (byte) code;
    }

    private static Kind of(byte code) {
      return Arrays.stream(values())
          .filter(kind -> kind.code == code)
          .findFirst()
          .orElseThrow(
              () ->
                  new IllegalArgumentException(
                      Text.format("frame: kind %d (expected: 1 to 8)", code)));
    }
  }

  /** Writes the frame, and what follows, to a buffer ready to be sent. */
  ByteBuffer with(byte[] payload) {
    return ByteBuffer.allocate(BYTES + payload.length)
        .putInt(MAGIC)
        .putLong(group.getMostSignificantBits())
        .putLong(group.getLeastSignificantBits())
        .putInt(sender)
        .putLong(sequence)
        .put(kind.code)
        .putLong(position)
        .putInt(length)
        .putInt(payload.length)
        .put(payload)
        .flip();
  }

  /**
   * Reads a frame; the buffer is left at what follows.
   *
   * @throws IllegalArgumentException if these are not the bytes of a frame
   */
  static Frame read(ByteBuffer buffer) {
    if (buffer.remaining() < BYTES || buffer.getInt() != MAGIC) {
      throw new IllegalArgumentException("message: no frame of a collective (expected: one)");
    }
    var group = new UUID(buffer.getLong(), buffer.getLong());
    int sender = buffer.getInt();
    long sequence = buffer.getLong();
    Kind kind = Kind.of(buffer.get());
    long position = buffer.getLong();
    int length = buffer.getInt();
    int payload = buffer.getInt();
    if (length < 0 || payload != buffer.remaining()) {
      throw new IllegalArgumentException(
          Text.format(
              "frame: length %d, payload %d of %d bytes (expected: all bytes)",
              length, payload, buffer.remaining()));
    }
    return new Frame(group, sender, sequence, kind, position, length);
  }
}
