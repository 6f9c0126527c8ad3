package org.ofaspark.jobs.cluster;

import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Direct memory for messages, reused: what Java allocates stays until its garbage collector runs.
 * Thread-safe.
 */
final class MessageMemory {

  private final int bytes;
  private final Queue<ByteBuffer> spare = new ConcurrentLinkedQueue<>();

  /**
   * Has no memory yet.
   *
   * @param bytes of the longest message
   */
  MessageMemory(int bytes) {
    this.bytes = bytes;
  }

  /** Returns room for a message, from its start; the caller gives it back. */
  ByteBuffer take() {
    ByteBuffer room = spare.poll();
    return room == null ? ByteBuffer.allocateDirect(bytes) : room.clear();
  }

  /**
   * Takes room back.
   *
   * @param room what {@link #take} has returned, which nobody reads or writes from here on
   */
  void giveBack(ByteBuffer room) {
    spare.add(room);
  }

  /** Leaves what is not in use to the garbage collector. */
  void clear() {
    spare.clear();
  }
}
