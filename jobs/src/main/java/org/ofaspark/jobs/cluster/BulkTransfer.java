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
 * One reduce-scatter or all-gather of this rank: what has arrived, and what has been taken in by
 * the others. Called by the threads of the network; {@link SparkCollective} waits on {@link
 * #isDone}.
 *
 * <p>Sums are made in the order own, rank + 1, rank + 2 and so on: a chunk whose turn it is is
 * added as its bytes arrive, one that is early waits in a buffer.
 */
final class BulkTransfer {

  private final Frame.Kind kind;
  private final WireFormat format;
  private final long sequence;
  private final int rank;
  private final int worldSize;
  private final HostVector vector;
  private final long size;
  private final MessageMemory gradients;
  private final Runnable changed;
  private final Map<Long, Chunk> chunks = new TreeMap<>();
  private final ReadWriteLock memory = new ReentrantReadWriteLock();
  private boolean isStopped; // guarded by memory
  private int incoming;
  private int outgoing;

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
   * @param kind REDUCE or GATHER
   * @param format of the numbers that travel
   * @param vector where floats are taken from and put to
   * @param size of the vector in floats
   * @param chunkSize of a message in floats
   * @param gradients room for messages that are early
   * @param changed called whenever something has arrived or been taken in
   */
  BulkTransfer(
      Frame.Kind kind,
      WireFormat format,
      long sequence,
      int rank,
      int worldSize,
      HostVector vector,
      long size,
      long chunkSize,
      MessageMemory gradients,
      Runnable changed) {
    this.kind = kind;
    this.format = format;
    this.sequence = sequence;
    this.rank = rank;
    this.worldSize = worldSize;
    this.vector = vector;
    this.size = size;
    this.gradients = gradients;
    this.changed = changed;
    for (int i = 0; i < worldSize; i++) {
      int chunksOfRank = HostVector.chunks(Range.of(i, worldSize, size), chunkSize).size();
      int ownChunks = HostVector.chunks(Range.of(rank, worldSize, size), chunkSize).size();
      if (i != rank) {
        incoming += kind == Frame.Kind.REDUCE ? ownChunks : chunksOfRank;
        outgoing += kind == Frame.Kind.REDUCE ? chunksOfRank : ownChunks;
      }
    }
    if (kind == Frame.Kind.REDUCE) {
      for (Range range : HostVector.chunks(Range.of(rank, worldSize, size), chunkSize)) {
        chunks.put(range.from(), new Chunk(range));
      }
    }
  }

  long sequence() {
    return sequence;
  }

  Frame.Kind kind() {
    return kind;
  }

  WireFormat format() {
    return format;
  }

  long size() {
    return size;
  }

  /** Tells whether all has arrived and all has been taken in by the others. */
  synchronized boolean isDone() {
    return incoming == 0 && outgoing == 0;
  }

  /**
   * Ends the transfer: once this returns, no thread of the network writes to the vector. A
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
            Text.format("%s: has ended (expected: nothing more to arrive)", kind));
      }
      write.run();
    } finally {
      memory.readLock().unlock();
    }
  }

  /** Notes that a peer has taken a message in. */
  void taken() {
    synchronized (this) {
      outgoing--;
    }
    changed.run();
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
    long to = frame.position() + frame.length() / format.bytes();
    Range allowed = Range.of(kind == Frame.Kind.REDUCE ? rank : frame.sender(), worldSize, size);
    Chunk chunk = chunks.get(frame.position());
    boolean fits =
        kind == Frame.Kind.REDUCE
            ? chunk != null && chunk.range.to() == to
            : frame.position() >= allowed.from() && to <= allowed.to();
    if (!fits || frame.length() % format.bytes() != 0) {
      throw new IllegalArgumentException(
          Text.format(
              "%s of floats %d to %d from rank %d (expected: within %d to %d)",
              kind, frame.position(), to, frame.sender(), allowed.from(), allowed.to()));
    }
    return chunk == null ? new Put(frame, takenIn) : new Add(frame, takenIn, chunk);
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
      return Text.format("%s %d", kind, frame.position());
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
      // Spark tells the sender, or the connection has ended, which GangNetwork notices
    }
  }

  /** Puts a message in its place. */
  private final class Put extends Incoming {
    private final ByteBuffer target;

    Put(Frame frame, Runnable takenIn) {
      super(frame, takenIn);
      this.target =
          vector.slice(frame.position(), frame.position() + frame.length() / format.bytes());
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

  /** Adds a message to this rank's chunk, now or when its turn comes. */
  private final class Add extends Incoming {
    private final Chunk chunk;
    private final int turn;
    private final @Nullable ByteBuffer early;
    private final WireFormat.Adder adder;

    Add(Frame frame, Runnable takenIn, Chunk chunk) {
      super(frame, takenIn);
      this.chunk = chunk;
      this.turn = Math.floorMod(frame.sender() - rank, worldSize);
      this.adder = format.new Adder(vector.slice(chunk.range.from(), chunk.range.to()));
      synchronized (chunk) {
        this.early = chunk.turn == turn ? null : gradients.take();
      }
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
          Range range = chunk.range;
          write(() -> format.new Adder(vector.slice(range.from(), range.to())).add(encoded));
          gradients.giveBack(encoded);
          takenIn.add(next.takenIn());
          chunk.turn++;
          next = chunk.early.remove(chunk.turn);
        }
      }
      return takenIn;
    }
  }
}
