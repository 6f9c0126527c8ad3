package org.ofaspark.jobs.cluster;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.BooleanSupplier;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import org.apache.spark.network.buffer.NioManagedBuffer;
import org.apache.spark.network.client.RpcResponseCallback;
import org.apache.spark.network.client.StreamCallbackWithID;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.server.OneForOneStreamManager;
import org.apache.spark.network.server.RpcHandler;
import org.apache.spark.network.server.StreamManager;
import org.jspecify.annotations.Nullable;
import org.ofaspark.collective.CollectiveException;
import org.ofaspark.config.Text;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections of one rank to the others, and who of them is alive.
 *
 * <p>A message that is not of this gang closes its connection. A rank is lost when its connection
 * breaks before it has said that it leaves, or when it has sent nothing, not even a heartbeat, for
 * the timeout. Thread-safe.
 */
final class GangNetwork implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(GangNetwork.class);
  private static final long POLL_MILLIS = 50;
  private static final long LEAVE_MILLIS = 5_000;

  /** Ranks learn the addresses up to this long after each other, as Spark's barrier is polled. */
  private static final long JOIN_NANOS = 2_000_000_000;

  /** What a rank sends before its goodbye may arrive this much after it, on another connection. */
  private static final long GRACE_NANOS = 1_000_000_000;

  private static final String BROKE = "is lost: its connection broke";
  private static final String LEAVING = "leaving";
  private static final byte[] NOTHING = new byte[0];

  private final UUID gang;
  private final int rank;
  private final int worldSize;
  private final Duration timeout;
  private final Receiver receiver;
  private final BooleanSupplier isKilled;
  private final SparkChannels channels;
  private final ScheduledExecutorService heart;
  private volatile String[] addresses = {};
  private final Map<Integer, TransportClient> clients = new HashMap<>();
  private final Map<String, Integer> ranksByConnection = new ConcurrentHashMap<>();
  private final AtomicLongArray lastSeen;
  private final AtomicLongArray leftAt;
  private final Semaphore changes = new Semaphore(0);
  private volatile @Nullable CollectiveException failure;
  private volatile boolean isOpen = true;

  /** Takes in what the others send; called by the threads of the network. */
  interface Receiver {

    /** Takes in a message other than a stream. */
    void receive(Frame frame, ByteBuffer payload);

    /** Starts to take a stream in; {@code takenIn} tells its sender that it has been taken in. */
    StreamCallbackWithID receiveStream(Frame frame, Runnable takenIn);
  }

  /**
   * Opens a server, learns the others' addresses and connects to them.
   *
   * @throws CollectiveException if a rank cannot be reached
   */
  GangNetwork(
      UUID gang,
      int rank,
      int worldSize,
      SparkCollective.Rendezvous rendezvous,
      Duration timeout,
      BooleanSupplier isKilled,
      Receiver receiver) {
    this.gang = gang;
    this.rank = rank;
    this.timeout = timeout;
    this.isKilled = isKilled;
    this.receiver = receiver;
    this.worldSize = worldSize;
    this.lastSeen = new AtomicLongArray(worldSize);
    this.leftAt = new AtomicLongArray(worldSize);
    this.channels = SparkChannels.listening(new Handler()); // peers may call from here on
    try {
      this.addresses = rendezvous.allGather(SparkChannels.host() + ":" + channels.port());
      connect();
    } catch (RuntimeException | Error e) {
      channels.close();
      throw e;
    }
    for (int i = 0; i < worldSize; i++) {
      lastSeen.set(i, System.nanoTime() + JOIN_NANOS);
    }
    this.heart = Executors.newSingleThreadScheduledExecutor(GangNetwork::daemon);
    long beat = Math.max(100, timeout.toMillis() / 10);
    var unused = heart.scheduleAtFixedRate(this::beat, beat, beat, TimeUnit.MILLISECONDS);
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "ofa-heartbeat");
    thread.setDaemon(true);
    return thread;
  }

  private void connect() {
    for (int i = 0; i < addresses.length; i++) {
      if (i == rank) {
        continue;
      }
      int colon = addresses[i].lastIndexOf(':');
      String host = addresses[i].substring(0, colon);
      int port = Integer.parseInt(addresses[i].substring(colon + 1));
      try {
        TransportClient client = channels.clients().createUnmanagedClient(host, port);
        clients.put(i, client);
        ranksByConnection.put(String.valueOf(client.getSocketAddress()), i);
      } catch (IOException | InterruptedException | RuntimeException e) { // of authentication
        throw new CollectiveException(
            Text.format(
                "rank %d: cannot reach rank %d at %s; do executors see each other's ports?",
                rank, i, addresses[i]),
            e);
      }
    }
  }

  /** Describes a rank for messages. */
  String describe(int other) {
    String[] known = addresses;
    return Text.format("rank %d at %s", other, other < known.length ? known[other] : "unknown");
  }

  private void beat() {
    clients.keySet().forEach(peer -> send(peer, 0, Frame.Kind.ALIVE, 0, NOTHING));
  }

  /** Sends a message to a rank; a failure is found by {@link #await}. */
  void send(int peer, long sequence, Frame.Kind kind, long position, byte[] payload) {
    client(peer).send(new Frame(gang, rank, sequence, kind, position, 0).with(payload));
  }

  /** Streams memory to a rank, which says when it has taken it in. */
  void stream(int peer, long sequence, Frame.Kind kind, long position, ByteBuffer memory) {
    var frame = new Frame(gang, rank, sequence, kind, position, memory.remaining());
    client(peer)
        .uploadStream(
            new NioManagedBuffer(frame.with(NOTHING)),
            new NioManagedBuffer(memory),
            new RpcResponseCallback() {
              @Override
              public void onSuccess(ByteBuffer response) {} // it has arrived, and may have to wait

              @Override
              public void onFailure(Throwable e) {
                String why = e instanceof IOException ? BROKE : "has refused a message";
                fail(Text.format("%s %s", describe(peer), why), e);
              }
            });
  }

  private TransportClient client(int peer) {
    TransportClient client = clients.get(peer);
    if (client == null) {
      throw new IllegalArgumentException(Text.format("rank %d: no peer of rank %d", peer, rank));
    }
    return client;
  }

  /** Wakes {@link #await} up to look at its condition. */
  void signal() {
    changes.release();
  }

  /** Ends the operation in progress and all later ones with an error; the first one counts. */
  void fail(String message, @Nullable Throwable cause) {
    synchronized (changes) {
      if (isOpen && failure == null) {
        failure = new CollectiveException(Text.format("rank %d: %s", rank, message), cause);
      }
    }
    signal();
  }

  /**
   * Waits for the other ranks.
   *
   * @param operation what for, for messages
   * @param patience how long to wait while all ranks are alive
   * @param hasCome whether a rank has come to the operation; asked for messages
   * @param condition what to wait for; looked at after each {@link #signal}
   * @throws CollectiveException if a rank is lost, the patience ends or Spark ends the task
   */
  void await(String operation, Duration patience, IntPredicate hasCome, BooleanSupplier condition) {
    long start = System.nanoTime();
    while (!condition.getAsBoolean()) {
      CollectiveException failed = failure;
      if (failed != null) {
        throw new CollectiveException(
            Text.format("%s, in %s", failed.getMessage(), operation), failed);
      }
      if (isKilled.getAsBoolean()) {
        throw new CollectiveException(
            Text.format("rank %d: Spark ends this task, in %s", rank, operation));
      }
      checkSignsOfLife(operation);
      if (System.nanoTime() - start > patience.toNanos()) {
        String late =
            clients.keySet().stream()
                .filter(peer -> !hasCome.test(peer))
                .map(this::describe)
                .collect(Collectors.joining(", "));
        fail(
            Text.format(
                "timed out after %s waiting for %s; all ranks are alive, take a thread dump of its"
                    + " executor",
                patience, late.isEmpty() ? "what the others send" : late),
            null);
      }
      pause(operation);
    }
  }

  private void pause(String operation) {
    try {
      if (changes.tryAcquire(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
        changes.drainPermits(); // one look at the condition serves them all
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CollectiveException(Text.format("rank %d: interrupted, in %s", rank, operation), e);
    }
  }

  private boolean hasLeft(int peer) {
    return leftAt.get(peer) != 0;
  }

  private void checkSignsOfLife(String operation) {
    for (int peer : clients.keySet()) {
      if (hasLeft(peer)
          && !operation.equals(LEAVING)
          && System.nanoTime() - leftAt.get(peer) > GRACE_NANOS) {
        fail(Text.format("%s has left the gang", describe(peer)), null);
      }
      if (!hasLeft(peer) && System.nanoTime() - lastSeen.get(peer) > timeout.toNanos()) {
        fail(
            Text.format(
                "%s has sent no heartbeat for %s; its process is frozen or its network is cut",
                describe(peer), timeout),
            null);
      }
    }
  }

  /** Checks a frame and notes that its sender lives. */
  private Frame accept(TransportClient connection, ByteBuffer message) {
    Frame frame = Frame.read(message);
    boolean known =
        frame.gang().equals(gang)
            && frame.sender() >= 0
            && frame.sender() < worldSize
            && frame.sender() != rank;
    if (!known) {
      throw new IllegalArgumentException(
          Text.format(
              "frame of gang %s, rank %d (expected: gang %s, another rank of %d)",
              frame.gang(), frame.sender(), gang, worldSize));
    }
    ranksByConnection.put(String.valueOf(connection.getSocketAddress()), frame.sender());
    lastSeen.set(frame.sender(), System.nanoTime());
    return frame;
  }

  /** Answers the connections that other processes open. */
  private final class Handler extends RpcHandler {
    private final StreamManager streams = new OneForOneStreamManager();

    @Override
    public void receive(TransportClient connection, ByteBuffer message) {
      try {
        Frame frame = accept(connection, message);
        switch (frame.kind()) {
          case ALIVE -> {}
          case LEAVING -> leftAt.set(frame.sender(), System.nanoTime() | 1); // never 0
          case READY_TO_REDUCE, READY_TO_GATHER, TAKEN, ARRAY -> receiver.receive(frame, message);
          case REDUCE, GATHER ->
              throw new IllegalArgumentException(frame.kind() + " that is no stream");
        }
        signal();
      } catch (IllegalArgumentException e) {
        LOG.warn("Closing {}: {}", connection.getSocketAddress(), e.getMessage());
        connection.close();
      }
    }

    @Override
    public void receive(
        TransportClient connection, ByteBuffer message, RpcResponseCallback callback) {
      LOG.warn("Closing {}: a request (expected: a message)", connection.getSocketAddress());
      connection.close();
    }

    @Override
    public StreamCallbackWithID receiveStream(
        TransportClient connection, ByteBuffer header, RpcResponseCallback callback) {
      Frame frame = accept(connection, header);
      var taken = new Frame(gang, rank, frame.sequence(), Frame.Kind.TAKEN, frame.position(), 0);
      // on this connection, where it does not wait behind what this rank streams
      return receiver.receiveStream(frame, () -> connection.send(taken.with(NOTHING)));
    }

    @Override
    public StreamManager getStreamManager() {
      return streams;
    }

    @Override
    public void exceptionCaught(Throwable cause, TransportClient connection) {
      Integer sender = ranksByConnection.get(String.valueOf(connection.getSocketAddress()));
      if (sender != null && !hasLeft(sender)) {
        String why = cause instanceof IOException ? BROKE : "sends what cannot be taken in";
        fail(Text.format("%s %s", describe(sender), why), cause);
      }
    }

    @Override
    public void channelInactive(TransportClient connection) {
      Integer sender = ranksByConnection.remove(String.valueOf(connection.getSocketAddress()));
      if (sender != null && !hasLeft(sender)) {
        fail(Text.format("%s is lost: its connection closed", describe(sender)), null);
      }
    }
  }

  /**
   * Says goodbye, unless there was a failure, waits a little for the others' goodbyes and closes
   * all connections. Closing again does nothing.
   */
  @Override
  public void close() {
    if (!isOpen) {
      return;
    }
    try {
      if (failure == null && !isKilled.getAsBoolean()) {
        clients.keySet().forEach(peer -> send(peer, 0, Frame.Kind.LEAVING, 0, NOTHING));
        await(
            LEAVING,
            Duration.ofMillis(LEAVE_MILLIS),
            this::hasLeft,
            () -> allHaveLeft() && allHaveAnswered());
      }
    } catch (CollectiveException e) {
      LOG.info("Not all ranks said goodbye: {}", e.getMessage());
    } finally {
      isOpen = false;
      heart.shutdownNow();
      clients.values().forEach(TransportClient::close);
      channels.close();
    }
  }

  /** Tells whether Spark's answers to streams have come, which may be later than the goodbyes. */
  private boolean allHaveAnswered() {
    return clients.values().stream()
        .allMatch(client -> client.getHandler().numOutstandingRequests() == 0);
  }

  private boolean allHaveLeft() {
    return clients.keySet().stream().allMatch(this::hasLeft);
  }
}
