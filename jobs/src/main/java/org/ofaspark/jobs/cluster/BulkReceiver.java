package org.ofaspark.jobs.cluster;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.apache.spark.network.client.StreamCallbackWithID;
import org.jspecify.annotations.Nullable;
import org.ofaspark.collective.Range;
import org.ofaspark.collective.WireFormat;
import org.ofaspark.config.Text;

/**
 * What this rank receives in one reduce-scatter or all-gather. Called by the threads of the
 * network; {@link SparkCollective} waits on {@link #isDone}.
 *
 * <p>Sums are made in the order own, rank + 1, rank + 2 and so on: a chunk whose turn it is is
 * added as its bytes arrive, one that is early waits in a buffer.
 */
final class BulkReceiver {

  private final BulkOperation operation;
  private final RankId self;
  private final HostVector vector;
  private final MessageMemory messages;
  private final Runnable changed;
  private final Map<Long, Chunk> chunks = new TreeMap<>();
  private final ReadWriteLock memory = new ReentrantReadWriteLock();
  private boolean isStopped; // guarded by memory
  private int incoming;

  /** The state of one chunk of this rank's range, while it is summed. */
  private static final class Chunk {
    private final Range range;
    private int turn = 1; // the rank this far behind the own one is next
    private final Map<Integer, Early> early = new TreeMap<>();

    Chunk(Range range) {
      this.range = range;
    }
  }

  /** A message that has arrived before its turn, and is taken in when it is added. */
  private record Early(ByteBuffer encoded, Runnable takenIn) {}

  /**
   * Prepares an operation.
   *
   * @param operation what all ranks do
   * @param self this rank
   * @param vector where floats are put to
   * @param messages room for messages that are early
   * @param changed called whenever something has arrived
   */
  BulkReceiver(
      BulkOperation operation,
      RankId self,
      HostVector vector,
      MessageMemory messages,
      Runnable changed) {
    this.operation = operation;
    this.self = self;
    this.vector = vector;
    this.messages = messages;
    this.changed = changed;
    for (int peer : self.peers().toArray()) {
      List<Range> ranges = operation.messages(peer, self.rank(), self.worldSize());
      incoming += ranges.size();
      if (operation.isReduce()) {
        ranges.forEach(range -> chunks.put(range.from(), new Chunk(range)));
      }
    }
  }

  /** Tells whether a message belongs to this operation. */
  boolean isOf(Frame frame) {
    return frame.sequence() == operation.sequence() && frame.kind() == operation.kind();
  }

  /** Tells whether all has arrived. */
  synchronized boolean isDone() {
    return incoming == 0;
  }

  /**
   * Ends the operation: once this returns, no thread of the network writes to the vector. A
   * connection that is being closed may still bring some of a message.
   */
  void stop() {
    memory.writeLock().lock();
    try {
      isStopped = true;
    } finally {
      memory.writeLock().unlock();
    }
  }

  /** Writes to the vector, unless the transfer has ended and its memory may be gone. */
  private void write(Runnable write) {
    memory.readLock().lock();
    try {
      if (isStopped) {
        throw new IllegalStateException(
            Text.format("%s: has ended (expected: nothing more to arrive)", operation.kind()));
      }
      write.run();
    } finally {
      memory.readLock().unlock();
    }
  }

  private void arrived() {
    synchronized (this) {
      incoming--;
    }
    changed.run();
  }

  /**
   * Starts to take a message in.
   *
   * @param frame its frame, of this operation
   * @param takenIn run when all of the message has been taken in
   * @throws IllegalArgumentException if the message lies outside of what this rank takes in
   */
  StreamCallbackWithID receive(Frame frame, Runnable takenIn) {
    long to = end(frame);
    int owner = operation.isReduce() ? self.rank() : frame.sender();
    Range allowed = operation.range(owner, self.worldSize());
    Chunk chunk = chunks.get(frame.position());
    boolean fits =
        operation.isReduce()
            ? chunk != null && chunk.range.to() == to
            : frame.position() >= allowed.from() && to <= allowed.to();
    if (!fits || frame.length() % operation.format().bytes() != 0) {
      throw new IllegalArgumentException(
          Text.format(
              "%s of floats %d to %d from rank %d (expected: within %d to %d)",
              frame.kind(), frame.position(), to, frame.sender(), allowed.from(), allowed.to()));
    }
    return chunk == null ? new Put(frame, takenIn) : new Add(frame, takenIn, chunk);
  }

  private long end(Frame frame) {
    return frame.position() + frame.length() / operation.format().bytes();
  }

  /** A message in the course of arriving. */
  private abstract class Incoming implements StreamCallbackWithID {
    final Frame frame;
    private final Runnable takenIn;
    int received;

    Incoming(Frame frame, Runnable takenIn) {
      this.frame = frame;
      this.takenIn = takenIn;
    }

    @Override
    public String getID() {
      return Text.format("%s %d", frame.kind(), frame.position());
    }

    @Override
    public final void onComplete(String id) throws IOException {
      if (received != frame.length()) {
        throw new IOException(
            Text.format(
                "%s from rank %d: %d bytes (expected: %d)",
                id, frame.sender(), received, frame.length()));
      }
      for (Runnable each : complete(takenIn)) {
        each.run();
        arrived();
      }
    }

    /** Takes the whole message in; returns the messages that have been taken in with it. */
    abstract List<Runnable> complete(Runnable own);

    @Override
    public void onFailure(String id, Throwable cause) {
      // Spark tells the sender, or the connection has ended, which RankNetwork notices
    }
  }

  /** Copies a message to the vector. */
  private final class Put extends Incoming {
    private final ByteBuffer target;

    Put(Frame frame, Runnable takenIn) {
      super(frame, takenIn);
      this.target = vector.slice(frame.position(), end(frame));
    }

    @Override
    public void onData(String id, ByteBuffer data) {
      received += data.remaining();
      write(() -> target.put(data));
    }

    @Override
    List<Runnable> complete(Runnable own) {
      return List.of(own);
    }
  }

  /** Adds a message to this rank's chunk, now or in its turn. */
  private final class Add extends Incoming {
    private final Chunk chunk;
    private final int turn;
    private final @Nullable ByteBuffer early;
    private final WireFormat.Adder adder;

    Add(Frame frame, Runnable takenIn, Chunk chunk) {
      super(frame, takenIn);
      this.chunk = chunk;
      this.turn = Math.floorMod(frame.sender() - self.rank(), self.worldSize());
      this.adder = adder(chunk);
      synchronized (chunk) {
        this.early = chunk.turn == turn ? null : messages.take();
      }
    }

    private WireFormat.Adder adder(Chunk sum) {
      return operation.format().new Adder(vector.slice(sum.range.from(), sum.range.to()));
    }

    @Override
    public void onData(String id, ByteBuffer data) {
      received += data.remaining();
      if (early == null) {
        write(() -> adder.add(data));
      } else {
        early.put(data);
      }
    }

    @Override
    List<Runnable> complete(Runnable own) {
      List<Runnable> takenIn = new ArrayList<>();
      synchronized (chunk) {
        if (early == null) {
          chunk.turn++;
          takenIn.add(own);
        } else {
          chunk.early.put(turn, new Early(early.flip(), own));
        }
        Early next = chunk.early.remove(chunk.turn);
        while (next != null) {
          ByteBuffer encoded = next.encoded();
          write(() -> adder(chunk).add(encoded));
          messages.giveBack(encoded);
          takenIn.add(next.takenIn());
          chunk.turn++;
          next = chunk.early.remove(chunk.turn);
        }
      }
      return takenIn;
    }
  }
}
