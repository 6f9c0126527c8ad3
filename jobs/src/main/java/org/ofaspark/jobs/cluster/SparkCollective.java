package org.ofaspark.jobs.cluster;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.apache.spark.network.client.StreamCallbackWithID;
import org.jspecify.annotations.Nullable;
import org.ofaspark.collective.Collective;
import org.ofaspark.collective.CollectiveException;
import org.ofaspark.collective.Range;
import org.ofaspark.collective.WireFormat;
import org.ofaspark.config.Text;
import org.ofaspark.tensor.FlatVector;

/**
 * A gang over Spark's network library: gradients travel as shuffles do, with the same
 * authentication and encryption.
 *
 * <p>A rank that enters a bulk operation tells the others that it is ready; they then stream their
 * floats straight from their vectors, and each chunk is added or put in place as its bytes arrive.
 * A wait ends at once when a connection breaks or Spark ends the task, and with an error when a
 * rank sends no heartbeat for the timeout. A rank that lives but does not come along, because its
 * micro-batches take long, is waited for {@link #PATIENCE} timeouts. Used by one thread.
 */
public final class SparkCollective implements Collective {

  /** Floats of a message: 4 MiB as float32. */
  private static final long CHUNK = 1L << 20;

  /** Messages that have not been taken in yet: to all ranks, and at least to each. */
  private static final int WINDOW = 16;

  private static final int LEAST_WINDOW = 2;

  /** How many timeouts a rank that lives may take to come along. */
  private static final int PATIENCE = 60;

  private static final ByteBuffer NO_ROOM = ByteBuffer.allocate(0);

  private final int rank;
  private final int worldSize;
  private final Duration patience;
  private final WireFormat gradientFormat;
  private final GangNetwork network;
  private final Map<Key, byte[]> arrays = new ConcurrentHashMap<>();
  private final Map<Key, Frame> ready = new ConcurrentHashMap<>();
  private final MessageMemory gradients;
  private volatile @Nullable BulkTransfer current;
  private volatile Map<Integer, Outbox> outboxes = Map.of();
  private @Nullable FlatVector mappedVector;
  private @Nullable HostVector mapped;
  private long sequence;

  /** What a rank has sent for an operation. */
  private record Key(long sequence, int sender) {}

  /** Tells every rank's address to every other; Spark's barrier can. */
  @FunctionalInterface
  public interface Rendezvous {

    /**
     * Exchanges texts.
     *
     * @param own this rank's
     * @return all ranks', in the order of ranks
     */
    String[] allGather(String own);
  }

  /**
   * Joins a gang.
   *
   * @param gang names the gang; every attempt of every segment has its own
   * @param rank this rank
   * @param worldSize number of ranks
   * @param rendezvous exchanges addresses
   * @param gradientFormat how numbers that are summed travel, the same on all ranks
   * @param timeout heartbeat timeout between ranks
   * @param isKilled whether Spark wants this task to end
   * @throws CollectiveException if a rank cannot be reached
   */
  public SparkCollective(
      UUID gang,
      int rank,
      int worldSize,
      Rendezvous rendezvous,
      WireFormat gradientFormat,
      Duration timeout,
      BooleanSupplier isKilled) {
    this.rank = rank;
    this.gradientFormat = gradientFormat;
    this.gradients = new MessageMemory((int) CHUNK * gradientFormat.bytes());
    this.worldSize = worldSize;
    this.patience = timeout.multipliedBy(PATIENCE);
    this.network =
        new GangNetwork(gang, rank, worldSize, rendezvous, timeout, isKilled, new Mailbox());
  }

  /**
   * Returns the most bytes of Java's direct memory that the messages of a rank take: those on their
   * way, encoded, and those that have come before their turn.
   *
   * @param worldSize number of ranks
   */
  public static long messageBytes(int worldSize) {
    int peers = worldSize - 1;
    return peers == 0 ? 0 : 2 * CHUNK * Float.BYTES * Math.max(WINDOW, LEAST_WINDOW * peers);
  }

  @Override
  public int rank() {
    return rank;
  }

  @Override
  public int worldSize() {
    return worldSize;
  }

  @Override
  public void reduceScatter(FlatVector vector) {
    bulk(Frame.Kind.REDUCE, Frame.Kind.READY_TO_REDUCE, gradientFormat, "reduceScatter", vector);
  }

  @Override
  public void allGather(FlatVector vector) {
    bulk(Frame.Kind.GATHER, Frame.Kind.READY_TO_GATHER, WireFormat.FP32, "allGather", vector);
  }

  private void bulk(
      Frame.Kind kind, Frame.Kind readiness, WireFormat format, String name, FlatVector vector) {
    if (worldSize == 1) {
      return;
    }
    HostVector host = map(vector);
    Range own = Range.of(rank, worldSize, vector.size());
    Range all = new Range(0, vector.size());
    boolean reduces = kind == Frame.Kind.REDUCE;
    if (host.isCopy()) {
      host.load(vector, reduces ? all : own);
    }
    var transfer =
        new BulkTransfer(
            kind,
            format,
            sequence++,
            rank,
            worldSize,
            host,
            vector.size(),
            CHUNK,
            gradients,
            network::signal);
    current = transfer;
    try {
      Map<Integer, Outbox> started = new LinkedHashMap<>();
      for (int i = 1; i < worldSize; i++) {
        // Down from the own rank: the first to reach a rank is the one whose turn it is to be
        // added.
        int peer = Math.floorMod(rank - i, worldSize);
        network.send(peer, transfer.sequence(), readiness, vector.size(), new byte[0]);
        Range range = reduces ? Range.of(peer, worldSize, vector.size()) : own;
        started.put(
            peer, new Outbox(peer, transfer, readiness, host, HostVector.chunks(range, CHUNK)));
      }
      outboxes = started;
      network.await(
          name,
          patience,
          peer -> ready.containsKey(new Key(transfer.sequence(), peer)),
          () -> {
            started.values().forEach(Outbox::fill);
            return transfer.isDone();
          });
    } catch (CollectiveException e) {
      network.close(); // nothing may be sent from memory that its owner is about to free
      throw e;
    } finally {
      current = null;
      outboxes = Map.of();
      transfer.stop();
    }
    if (host.isCopy()) {
      for (Range changed : reduces ? List.of(own) : othersThan(own, vector.size())) {
        host.store(vector, changed);
      }
    }
  }

  private static List<Range> othersThan(Range own, long size) {
    return List.of(new Range(0, own.from()), new Range(own.to(), size));
  }

  /** Keeps the mapping of the vector used last; gradient and parameters alternate. */
  private HostVector map(FlatVector vector) {
    HostVector known = mapped;
    if (known == null || known.isCopy() || mappedVector != vector) {
      boolean reuse = known != null && known.isCopy() && known.size() == vector.size();
      if (!reuse || known == null) {
        free();
        known = new HostVector(vector);
      }
      mapped = known;
      mappedVector = vector;
    }
    return known;
  }

  /** The chunks that a rank is still to get. */
  private final class Outbox {
    private final int peer;
    private final BulkTransfer transfer;
    private final Frame.Kind readiness;
    private final HostVector host;
    private final Deque<Range> chunks;
    private final int window = Math.max(LEAST_WINDOW, WINDOW / (worldSize - 1));
    private final Map<Long, ByteBuffer> onTheWay = new HashMap<>();

    Outbox(
        int peer,
        BulkTransfer transfer,
        Frame.Kind readiness,
        HostVector host,
        List<Range> chunks) {
      this.peer = peer;
      this.transfer = transfer;
      this.readiness = readiness;
      this.host = host;
      this.chunks = new ArrayDeque<>(chunks);
    }

    /** Sends what the rank can take. */
    synchronized void fill() {
      while (!chunks.isEmpty() && onTheWay.size() < window && isReady()) {
        Range chunk = chunks.remove();
        ByteBuffer floats = host.slice(chunk.from(), chunk.to());
        ByteBuffer room = transfer.format().room() == 0 ? NO_ROOM : gradients.take();
        onTheWay.put(chunk.from(), room);
        network.stream(
            peer,
            transfer.sequence(),
            transfer.kind(),
            chunk.from(),
            transfer.format().encode(floats, room));
      }
    }

    /** Notes that the rank has taken a message in. */
    synchronized void taken(Frame frame) {
      ByteBuffer room =
          frame.sequence() == transfer.sequence() ? onTheWay.remove(frame.position()) : null;
      if (room == null) {
        throw unexpected(frame);
      }
      if (room.capacity() > 0) {
        gradients.giveBack(room);
      }
      transfer.taken();
      fill();
    }

    private boolean isReady() {
      Frame frame = ready.get(new Key(transfer.sequence(), peer));
      if (frame == null) {
        return false;
      }
      if (frame.kind() != readiness || frame.position() != transfer.size()) {
        network.fail(
            Text.format(
                "%s is in %s of %d floats (expected: %s of %d)",
                network.describe(peer), frame.kind(), frame.position(), readiness, transfer.size()),
            null);
        return false;
      }
      return true;
    }
  }

  @Override
  public List<float[]> allGather(float[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES);
    bytes.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
    List<float[]> all = new ArrayList<>();
    for (byte[] other : exchange("allGather", bytes.array())) {
      float[] floats = new float[other.length / Float.BYTES];
      ByteBuffer.wrap(other).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(floats);
      all.add(floats);
    }
    return all;
  }

  @Override
  public double[] allReduce(double... values) {
    ByteBuffer bytes = ByteBuffer.allocate(values.length * Double.BYTES);
    bytes.order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().put(values);
    double[] sums = new double[values.length];
    for (byte[] other : exchange("allReduce", bytes.array())) {
      if (other.length != bytes.capacity()) {
        throw new CollectiveException(
            Text.format(
                "rank %d: allReduce of %d bytes with %d bytes (expected: the same on all ranks)",
                rank, bytes.capacity(), other.length));
      }
      double[] doubles = new double[values.length];
      ByteBuffer.wrap(other).order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().get(doubles);
      Arrays.setAll(sums, i -> sums[i] + doubles[i]);
    }
    return sums;
  }

  /** Sends an array to all and returns all ranks' arrays. */
  private List<byte[]> exchange(String name, byte[] own) {
    long number = sequence++;
    for (int peer = 0; peer < worldSize; peer++) {
      if (peer != rank) {
        network.send(peer, number, Frame.Kind.ARRAY, 0, own);
      }
    }
    arrays.put(new Key(number, rank), own);
    List<Key> keys = new ArrayList<>();
    for (int sender = 0; sender < worldSize; sender++) {
      keys.add(new Key(number, sender));
    }
    network.await(
        name,
        patience,
        peer -> arrays.containsKey(new Key(number, peer)),
        () -> arrays.keySet().containsAll(keys));
    List<byte[]> all = new ArrayList<>();
    keys.forEach(key -> all.add(arrays.remove(key)));
    return all;
  }

  private static IllegalArgumentException unexpected(Frame frame) {
    return new IllegalArgumentException(
        Text.format(
            "%s of operation %d from rank %d (expected: one of the operation in progress)",
            frame.kind(), frame.sequence(), frame.sender()));
  }

  /** Takes in what the other ranks send. */
  private final class Mailbox implements GangNetwork.Receiver {

    @Override
    public void receive(Frame frame, ByteBuffer payload) {
      Key key = new Key(frame.sequence(), frame.sender());
      if (frame.kind() == Frame.Kind.ARRAY) {
        byte[] bytes = new byte[payload.remaining()];
        payload.get(bytes);
        arrays.put(key, bytes);
      } else if (frame.kind() == Frame.Kind.TAKEN) {
        Outbox outbox = outboxes.get(frame.sender());
        if (outbox == null) {
          throw unexpected(frame);
        }
        outbox.taken(frame);
      } else {
        ready.keySet().removeIf(old -> old.sender() == frame.sender());
        ready.put(key, frame);
      }
    }

    @Override
    public StreamCallbackWithID receiveStream(Frame frame, Runnable takenIn) {
      BulkTransfer transfer = current;
      if (transfer == null
          || transfer.sequence() != frame.sequence()
          || transfer.kind() != frame.kind()) {
        throw unexpected(frame);
      }
      return transfer.receive(frame, takenIn);
    }
  }

  /**
   * Gives up: closing says no goodbye, so that the other ranks know at once that this one has
   * failed.
   */
  public void abandon() {
    network.fail("this rank has failed", null);
  }

  @Override
  public void close() {
    network.close();
    gradients.clear();
    free();
  }

  /** Frees the memory of a copy, which is as large as the model; nothing is on its way. */
  private void free() {
    if (mapped != null) {
      mapped.close();
    }
    mapped = null;
    mappedVector = null;
  }
}
