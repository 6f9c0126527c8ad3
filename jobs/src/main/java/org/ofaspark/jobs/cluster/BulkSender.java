package org.ofaspark.jobs.cluster;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import org.ofaspark.collective.Range;

/**
 * What this rank sends in one reduce-scatter or all-gather: straight from its vector, to each rank
 * that has entered the operation, as much as that rank can take in. Used by the rank's thread and
 * those of the network.
 */
final class BulkSender {

  /** Messages that have not been taken in yet: to all ranks, and at least to each. */
  private static final int WINDOW = 16;

  private static final int LEAST_WINDOW = 2;

  private static final ByteBuffer NO_ROOM = ByteBuffer.allocate(0);

  private final BulkOperation operation;
  private final HostVector vector;
  private final MessageMemory messages;
  private final RankNetwork network;
  private final int window;
  private final Map<Integer, Outbox> outboxes = new LinkedHashMap<>();

  /**
   * Prepares an operation.
   *
   * @param operation what all ranks do
   * @param self this rank
   * @param vector where floats are taken from
   * @param messages room for encoded messages
   * @param network connections to the others
   */
  BulkSender(
      BulkOperation operation,
      RankId self,
      HostVector vector,
      MessageMemory messages,
      RankNetwork network) {
    this.operation = operation;
    this.vector = vector;
    this.messages = messages;
    this.network = network;
    this.window = Math.max(LEAST_WINDOW, WINDOW / (self.worldSize() - 1));
    self.peers()
        .forEach(
            peer ->
                outboxes.put(
                    peer,
                    new Outbox(peer, operation.messages(self.rank(), peer, self.worldSize()))));
  }

  /**
   * Returns the most messages that a rank has on their way at once.
   *
   * @param peers number of other ranks
   */
  static int mostMessages(int peers) {
    return Math.max(WINDOW, LEAST_WINDOW * peers);
  }

  /** Tells the others that this rank has entered the operation, and can take in streams. */
  void announce() {
    outboxes
        .keySet()
        .forEach(
            peer ->
                network.send(
                    peer,
                    operation.sequence(),
                    operation.readiness(),
                    operation.size(),
                    new byte[0]));
  }

  /** Sends what the ranks can take that have entered the operation. */
  void fill(IntPredicate isReady) {
    outboxes.values().stream().filter(outbox -> isReady.test(outbox.peer)).forEach(Outbox::fill);
  }

  /** Notes that a rank has taken a message in; tells whether it was one of this operation. */
  boolean taken(Frame frame) {
    Outbox outbox = outboxes.get(frame.sender());
    return outbox != null && frame.sequence() == operation.sequence() && outbox.taken(frame);
  }

  /** Tells whether the others have taken in all messages. */
  boolean isDone() {
    return outboxes.values().stream().allMatch(Outbox::isEmpty);
  }

  /** The messages that a rank is still to get. */
  private final class Outbox {
    private final int peer;
    private final Deque<Range> waiting;
    private final Map<Long, ByteBuffer> onTheWay = new HashMap<>();

    Outbox(int peer, List<Range> messages) {
      this.peer = peer;
      this.waiting = new ArrayDeque<>(messages);
    }

    synchronized void fill() {
      while (!waiting.isEmpty() && onTheWay.size() < window) {
        Range next = waiting.remove();
        ByteBuffer floats = vector.slice(next.from(), next.to());
        ByteBuffer room = operation.format().room() == 0 ? NO_ROOM : messages.take();
        onTheWay.put(next.from(), room);
        network.stream(
            peer,
            operation.sequence(),
            operation.kind(),
            next.from(),
            operation.format().encode(floats, room));
      }
    }

    synchronized boolean taken(Frame frame) {
      ByteBuffer room = onTheWay.remove(frame.position());
      if (room == null) {
        return false;
      }
      if (room.capacity() > 0) {
        messages.giveBack(room);
      }
      fill(); // who takes messages in has entered the operation
      return true;
    }

    synchronized boolean isEmpty() {
      return waiting.isEmpty() && onTheWay.isEmpty();
    }
  }
}
