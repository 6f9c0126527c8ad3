package org.ofaspark.jobs.cluster;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.apache.spark.network.client.StreamCallbackWithID;
import org.jspecify.annotations.Nullable;
import org.ofaspark.collective.Collective;
import org.ofaspark.collective.CollectiveException;
import org.ofaspark.collective.Range;
import org.ofaspark.collective.WireFormat;
import org.ofaspark.config.Text;
import org.ofaspark.tensor.FlatVector;

/**
 * Collective operations over Spark's network library: gradients travel as shuffles do, with the
 * same authentication and encryption.
 *
 * <p>A rank that enters a bulk operation tells the others that it is ready; they then stream their
 * floats straight from their vectors, and each chunk is added or put in place as its bytes arrive.
 * A wait ends at once when a connection breaks or Spark ends the task, and with an error when a
 * rank sends no heartbeat for the timeout. A rank that lives but does not enter the operation,
 * because its micro-batches take long, is waited for {@link #TIMEOUTS} timeouts. Used by one
 * thread.
 */
public final class SparkCollective implements Collective {

  /** How many timeouts a rank that lives may take to enter an operation. */
  private static final int TIMEOUTS = 60;

  private final RankId self;
  private final Duration operationTimeout;
  private final WireFormat gradientFormat;
  private final RankNetwork network;
  private final Map<Key, byte[]> arrays = new ConcurrentHashMap<>();
  private final Map<Key, Frame> ready = new ConcurrentHashMap<>();
  private final MessageMemory messages;
  private volatile @Nullable BulkReceiver receiver;
  private volatile @Nullable BulkSender sender;
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
   * Connects to the other ranks.
   *
   * @param self this rank
   * @param rendezvous exchanges addresses
   * @param gradientFormat how numbers that are summed travel, the same on all ranks
   * @param timeout heartbeat timeout between ranks
   * @param isKilled whether Spark wants this task to end
   * @throws CollectiveException if a rank cannot be reached
   */
  public SparkCollective(
      RankId self,
      Rendezvous rendezvous,
      WireFormat gradientFormat,
      Duration timeout,
      BooleanSupplier isKilled) {
    this.self = self;
    this.gradientFormat = gradientFormat;
    this.messages = new MessageMemory((int) BulkOperation.CHUNK * gradientFormat.bytes());
    this.operationTimeout = timeout.multipliedBy(TIMEOUTS);
    this.network = new RankNetwork(self, rendezvous, timeout, isKilled, new Mailbox());
  }

  /**
   * Returns the most bytes of Java's direct memory that the messages of a rank take: those on their
   * way, encoded, and those that have come before their turn.
   *
   * @param worldSize number of ranks
   */
  public static long messageBytes(int worldSize) {
    int peers = worldSize - 1;
    return peers == 0 ? 0 : 2 * BulkOperation.CHUNK * Float.BYTES * BulkSender.mostMessages(peers);
  }

  @Override
  public int rank() {
    return self.rank();
  }

  @Override
  public int worldSize() {
    return self.worldSize();
  }

  @Override
  public void reduceScatter(FlatVector vector) {
    bulk("reduceScatter", Frame.Kind.REDUCE, gradientFormat, vector);
  }

  @Override
  public void allGather(FlatVector vector) {
    bulk("allGather", Frame.Kind.GATHER, WireFormat.FP32, vector);
  }

  private void bulk(String name, Frame.Kind kind, WireFormat format, FlatVector vector) {
    if (self.worldSize() == 1) {
      return;
    }
    var operation = new BulkOperation(sequence++, kind, format, vector.size());
    HostVector host = map(vector);
    Range own = operation.range(self.rank(), self.worldSize());
    if (host.isCopy()) {
      host.load(vector, operation.isReduce() ? new Range(0, vector.size()) : own);
    }
    var receiving = new BulkReceiver(operation, self, host, messages, network::signal);
    var sending = new BulkSender(operation, self, host, messages, network);
    receiver = receiving;
    sender = sending;
    try {
      sending.announce();
      network.await(
          name,
          operationTimeout,
          peer -> ready.containsKey(new Key(operation.sequence(), peer)),
          () -> {
            sending.fill(peer -> isReady(operation, peer));
            return receiving.isDone() && sending.isDone();
          });
    } catch (CollectiveException e) {
      network.close(); // nothing may be sent from memory that its owner is about to free
      throw e;
    } finally {
      receiver = null;
      sender = null;
      receiving.stop();
    }
    if (host.isCopy()) {
      for (Range changed : operation.isReduce() ? List.of(own) : othersThan(own, vector.size())) {
        host.store(vector, changed);
      }
    }
  }

  /** Tells whether a rank has entered an operation; another one than this rank's is an error. */
  private boolean isReady(BulkOperation operation, int peer) {
    Frame frame = ready.get(new Key(operation.sequence(), peer));
    if (frame == null) {
      return false;
    }
    if (frame.kind() != operation.readiness() || frame.position() != operation.size()) {
      network.fail(
          Text.format(
              "%s is in %s of %d floats (expected: %s of %d)",
              network.describe(peer),
              frame.kind(),
              frame.position(),
              operation.readiness(),
              operation.size()),
          null);
      return false;
    }
    return true;
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
                rank(), bytes.capacity(), other.length));
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
    self.peers().forEach(peer -> network.send(peer, number, Frame.Kind.ARRAY, 0, own));
    arrays.put(new Key(number, rank()), own);
    List<Key> keys =
        IntStream.range(0, worldSize()).mapToObj(each -> new Key(number, each)).toList();
    network.await(
        name,
        operationTimeout,
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
  private final class Mailbox implements RankNetwork.Receiver {

    @Override
    public void receive(Frame frame, ByteBuffer payload) {
      Key key = new Key(frame.sequence(), frame.sender());
      if (frame.kind() == Frame.Kind.ARRAY) {
        byte[] bytes = new byte[payload.remaining()];
        payload.get(bytes);
        arrays.put(key, bytes);
      } else if (frame.kind() == Frame.Kind.TAKEN) {
        BulkSender current = sender;
        if (current == null || !current.taken(frame)) {
          throw unexpected(frame);
        }
      } else {
        ready.keySet().removeIf(old -> old.sender() == frame.sender());
        ready.put(key, frame);
      }
    }

    @Override
    public StreamCallbackWithID receiveStream(Frame frame, Runnable takenIn) {
      BulkReceiver current = receiver;
      if (current == null || !current.isOf(frame)) {
        throw unexpected(frame);
      }
      return current.receive(frame, takenIn);
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
    messages.clear();
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
