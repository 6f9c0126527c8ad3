package org.ofaspark.jobs.cluster;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
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
import org.ofaspark.config.Daemon;
import org.ofaspark.config.Text;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections of one rank to the others, and which of them is alive.
 *
 * <p>A message of another group closes its connection. A rank is lost when its connection breaks
 * before it has said that it leaves, or by its {@link Heartbeats}. Thread-safe.
 */
final class RankNetwork implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(RankNetwork.class);
  private static final long POLL_MILLIS = 50;
  private static final long LEAVE_MILLIS = 5_000;

  private static final String BROKE = "is lost: its connection broke";
  private static final String LEAVING = "leaving";
  private static final byte[] NOTHING = new byte[0];

  private final RankId self;
  private final Receiver receiver;
  private final BooleanSupplier isKilled;
  private final SparkChannels channels;
  private final ScheduledExecutorService heart;
  private volatile String[] addresses = {};
  private final Map<Integer, TransportClient> clients = new HashMap<>();
  private final Map<String, Integer> ranksByConnection = new ConcurrentHashMap<>();
  private final Heartbeats heartbeats;
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
  RankNetwork(
      RankId self,
      SparkCollective.Rendezvous rendezvous,
      Duration timeout,
      BooleanSupplier isKilled,
      Receiver receiver) {
    this.self = self;
    this.isKilled = isKilled;
    this.receiver = receiver;
    this.heartbeats = new Heartbeats(self.worldSize(), timeout);
    this.channels = SparkChannels.listening(new Handler()); // peers may call from here on
    try {
      this.addresses = rendezvous.allGather(channels.address());
      connect();
    } catch (RuntimeException | Error e) {
      channels.close();
      throw e;
    }
    heartbeats.start();
    this.heart =
        Executors.newSingleThreadScheduledExecutor(task -> Daemon.thread("ofa-heartbeat", task));
    long beat = Math.max(100, timeout.toMillis() / 10);
    var unused = heart.scheduleAtFixedRate(this::beat, beat, beat, TimeUnit.MILLISECONDS);
  }

  private void connect() {
    for (int peer : self.peers().toArray()) {
      try {
        TransportClient client = channels.connect(addresses[peer]);
        clients.put(peer, client);
        ranksByConnection.put(String.valueOf(client.getSocketAddress()), peer);
      } catch (IOException | InterruptedException | RuntimeException e) { // of authentication
        throw new CollectiveException(
            Text.format(
                "rank %d: cannot reach rank %d at %s; do executors see each other's ports?",
                self.rank(), peer, addresses[peer]),
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
    client(peer)
        .send(new Frame(self.group(), self.rank(), sequence, kind, position, 0).with(payload));
  }

  /** Streams memory to a rank, which says when it has taken it in. */
  void stream(int peer, long sequence, Frame.Kind kind, long position, ByteBuffer memory) {
    var frame = new Frame(self.group(), self.rank(), sequence, kind, position, memory.remaining());
    client(peer)
        .uploadStream(
            new NioManagedBuffer(frame.with(NOTHING)),
            new NioManagedBuffer(memory),
            new RpcResponseCallback() {
              @Override
              public void onSuccess(ByteBuffer response) {} // it has arrived, and may have to wait

              @Override
              public void onFailure(Throwable e) {
                lose(peer, e instanceof IOException ? BROKE : "has refused a message", e);
              }
            });
  }

  private TransportClient client(int peer) {
    return Objects.requireNonNull(clients.get(peer));
  }

  /** Wakes {@link #await} up to look at its condition. */
  void signal() {
    changes.release();
  }

  private void lose(int peer, String why, @Nullable Throwable cause) {
    fail(Text.format("%s %s", describe(peer), why), cause);
  }

  /** Ends the operation in progress and all later ones with an error; the first one counts. */
  void fail(String message, @Nullable Throwable cause) {
    synchronized (changes) {
      if (isOpen && failure == null) {
        failure = new CollectiveException(Text.format("rank %d: %s", self.rank(), message), cause);
      }
    }
    signal();
  }

  /**
   * Waits for the other ranks.
   *
   * @param operation what for, for messages
   * @param longest how long to wait while all ranks are alive
   * @param hasEntered whether a rank has entered the operation, for messages
   * @param condition what to wait for; looked at after each {@link #signal}
   * @throws CollectiveException if a rank is lost, the time is over or Spark ends the task
   */
  void await(
      String operation, Duration longest, IntPredicate hasEntered, BooleanSupplier condition) {
    long start = System.nanoTime();
    while (!condition.getAsBoolean()) {
      CollectiveException failed = failure;
      if (failed != null) {
        throw new CollectiveException(
            Text.format("%s, in %s", failed.getMessage(), operation), failed);
      }
      if (isKilled.getAsBoolean()) {
        throw new CollectiveException(
            Text.format("rank %d: Spark ends this task, in %s", self.rank(), operation));
      }
      checkHeartbeats(operation);
      if (System.nanoTime() - start > longest.toNanos()) {
        String late =
            clients.keySet().stream()
                .filter(peer -> !hasEntered.test(peer))
                .map(this::describe)
                .collect(Collectors.joining(", "));
        fail(
            Text.format(
                "timed out after %s waiting for %s; all ranks are alive, take a thread dump of its"
                    + " executor",
                longest, late.isEmpty() ? "what the others send" : late),
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
      throw new CollectiveException(
          Text.format("rank %d: interrupted, in %s", self.rank(), operation), e);
    }
  }

  private void checkHeartbeats(String operation) {
    for (int peer : clients.keySet()) {
      if (heartbeats.isGone(peer) && !operation.equals(LEAVING)) {
        lose(peer, "has left the rank group", null);
      }
      heartbeats.loss(peer).ifPresent(loss -> lose(peer, loss, null));
    }
  }

  /** Checks a frame and notes that its sender lives. */
  private Frame accept(TransportClient connection, ByteBuffer message) {
    Frame frame = Frame.read(message);
    boolean known =
        frame.group().equals(self.group()) && self.peers().anyMatch(peer -> peer == frame.sender());
    if (!known) {
      throw new IllegalArgumentException(
          Text.format(
              "frame of group %s, rank %d (expected: group %s, another rank of %d)",
              frame.group(), frame.sender(), self.group(), self.worldSize()));
    }
    ranksByConnection.put(String.valueOf(connection.getSocketAddress()), frame.sender());
    heartbeats.heard(frame.sender());
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
          case LEAVING -> heartbeats.left(frame.sender());
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
      var taken =
          new Frame(
              self.group(), self.rank(), frame.sequence(), Frame.Kind.TAKEN, frame.position(), 0);
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
      if (sender != null && !heartbeats.hasLeft(sender)) {
        lose(sender, cause instanceof IOException ? BROKE : "sends what cannot be taken in", cause);
      }
    }

    @Override
    public void channelInactive(TransportClient connection) {
      Integer sender = ranksByConnection.remove(String.valueOf(connection.getSocketAddress()));
      if (sender != null && !heartbeats.hasLeft(sender)) {
        lose(sender, "is lost: its connection closed", null);
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
        await(LEAVING, Duration.ofMillis(LEAVE_MILLIS), heartbeats::hasLeft, this::allHaveLeft);
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

  /**
   * Tells whether the goodbyes have arrived, and Spark's answers to streams, which may be later.
   */
  private boolean allHaveLeft() {
    return clients.entrySet().stream()
        .allMatch(
            peer ->
                heartbeats.hasLeft(peer.getKey())
                    && peer.getValue().getHandler().numOutstandingRequests() == 0);
  }
}
