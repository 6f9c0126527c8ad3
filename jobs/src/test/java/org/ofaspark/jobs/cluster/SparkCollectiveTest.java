package org.ofaspark.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import java.net.ConnectException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.spark.network.client.StreamCallbackWithID;
import org.apache.spark.network.client.TransportResponseHandler;
import org.apache.spark.network.server.NoOpRpcHandler;
import org.apache.spark.network.server.TransportChannelHandler;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.collective.Collective;
import org.ofaspark.collective.CollectiveContract;
import org.ofaspark.collective.WireFormat;

/** The contract of a collective, over sockets of one process. */
class SparkCollectiveTest extends CollectiveContract {

  private static SparkSession spark;

  @BeforeAll
  static void start() {
    spark = LocalSpark.start("local[2]");
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  /** Threads exchange their addresses here. */
  private static final class Meeting {
    final UUID group = UUID.randomUUID();
    final WireFormat gradientFormat;
    final String[] addresses;
    final CyclicBarrier barrier;

    Meeting(int worldSize) {
      this(worldSize, WireFormat.FP32);
    }

    Meeting(int worldSize, WireFormat gradientFormat) {
      this.gradientFormat = gradientFormat;
      addresses = new String[worldSize];
      barrier = new CyclicBarrier(worldSize);
    }

    String[] exchange(int rank, String own) {
      addresses[rank] = own;
      try {
        barrier.await(30, TimeUnit.SECONDS);
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
      return addresses.clone();
    }
  }

  @Override
  protected Object newGang(int worldSize, WireFormat gradientFormat) {
    return new Meeting(worldSize, gradientFormat);
  }

  @Override
  protected Collective join(Object gang, int rank, int worldSize) {
    return join((Meeting) gang, rank, worldSize, Duration.ofSeconds(10), new AtomicBoolean());
  }

  private static Collective join(
      Meeting meeting, int rank, int worldSize, Duration timeout, AtomicBoolean killed) {
    return new SparkCollective(
        new RankId(meeting.group, rank, worldSize),
        own -> meeting.exchange(rank, own),
        meeting.gradientFormat,
        timeout,
        killed::get);
  }

  @Test
  void sparkHasNothingToComplainOf() throws Exception {
    try (var answers = new LogLines(TransportResponseHandler.class);
        var channels = new LogLines(TransportChannelHandler.class)) {
      reduceScatterSumsEachRanksRange(3, 2_500_000, WireFormat.FP32);
      assertThat(answers.lines()).isEmpty();
      assertThat(channels.lines()).isEmpty();
    }
  }

  @Test
  void taskThatSparkKillsLeavesItsWait() {
    var meeting = new Meeting(2);
    var killed = new AtomicBoolean();
    var other = new Thread(() -> join(meeting, 1, 2, Duration.ofSeconds(60), new AtomicBoolean()));
    other.start();
    try (Collective gang = join(meeting, 0, 2, Duration.ofSeconds(60), killed)) {
      killed.set(true);
      assertThatThrownBy(() -> gang.allReduce(1))
          .hasMessageContaining("rank 0: Spark ends this task, in allReduce");
    }
  }

  @Test
  void rankOfAnotherGroupIsNotHeard() throws Exception {
    var meeting = new Meeting(2);
    var failure = new Throwable[1];
    var other =
        new Thread(
            () -> {
              try (Collective gang =
                  new SparkCollective(
                      new RankId(UUID.randomUUID(), 1, 2),
                      own -> meeting.exchange(1, own),
                      WireFormat.FP32,
                      Duration.ofSeconds(1),
                      () -> false)) {
                gang.allReduce(1);
              } catch (RuntimeException e) {
                failure[0] = e;
              }
            });
    other.start();
    try (Collective gang = join(meeting, 0, 2, Duration.ofSeconds(1), new AtomicBoolean())) {
      assertThatThrownBy(() -> gang.allReduce(1)).hasMessageContaining("rank 1 at ");
    }
    other.join(10_000);
    assertThat(failure[0]).isNotNull();
  }

  @Test
  void rankThatIsLateToConnectIsWaitedFor() throws Exception {
    var meeting = new Meeting(2);
    Duration timeout = Duration.ofSeconds(1);
    var late =
        new Thread(
            () -> {
              sleep(1500); // the other waits in the rendezvous, longer than the timeout
              try (Collective gang =
                  new SparkCollective(
                      new RankId(meeting.group, 1, 2),
                      own -> {
                        String[] addresses = meeting.exchange(1, own);
                        sleep(800);
                        return addresses;
                      },
                      WireFormat.FP32,
                      timeout,
                      () -> false)) {
                gang.allReduce(1);
              }
            });
    late.start();
    try (Collective gang = join(meeting, 0, 2, timeout, new AtomicBoolean())) {
      assertThat(gang.allReduce(1)).containsExactly(2);
    }
    late.join(10_000);
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void rankThatIsLostBeforeItsFirstMessageIsMissedAtOnce(boolean resets) throws Exception {
    try (var other = new ServerSocket(0)) {
      String address = "localhost:" + other.getLocalPort();
      try (Collective gang =
          new SparkCollective(
              new RankId(UUID.randomUUID(), 0, 2),
              own -> new String[] {own, address},
              WireFormat.FP32,
              Duration.ofMinutes(1),
              () -> false)) {
        Socket connection = other.accept();
        connection.setSoLinger(resets, 0); // what the kernel does for a process that was killed
        connection.close();
        assertTimeout(
            Duration.ofSeconds(5),
            () ->
                assertThatThrownBy(() -> gang.allReduce(1))
                    .hasMessageMatching(
                        "rank 0: rank 1 at " + address + " is lost: .*, in allReduce"));
      }
    }
  }

  @Test
  void failedRendezvousLeavesNoServer() {
    var address = new String[1];
    assertThatThrownBy(
            () ->
                new SparkCollective(
                    new RankId(UUID.randomUUID(), 0, 2),
                    own -> {
                      address[0] = own;
                      throw new IllegalStateException("another task has failed");
                    },
                    WireFormat.FP32,
                    Duration.ofMinutes(1),
                    () -> false))
        .hasMessage("another task has failed");

    int colon = address[0].lastIndexOf(':');
    int port = Integer.parseInt(address[0].substring(colon + 1));
    assertThatThrownBy(() -> new Socket(address[0].substring(0, colon), port).close())
        .isInstanceOf(ConnectException.class);
  }

  @Test
  void rankThatLivesButDoesNotComeIsNamed() throws Exception {
    var meeting = new Meeting(3);
    List<CompletableFuture<RankNetwork>> joining = new ArrayList<>();
    for (int rank = 0; rank < 3; rank++) {
      int own = rank;
      joining.add(
          CompletableFuture.supplyAsync(
              () ->
                  new RankNetwork(
                      new RankId(meeting.group, own, 3),
                      address -> meeting.exchange(own, address),
                      Duration.ofSeconds(10),
                      () -> false,
                      new Deaf()),
              task -> new Thread(task).start()));
    }
    List<RankNetwork> gang = new ArrayList<>();
    for (CompletableFuture<RankNetwork> network : joining) {
      gang.add(network.get(30, TimeUnit.SECONDS));
    }
    assertThatThrownBy(
            () -> gang.get(0).await("allReduce", Duration.ZERO, peer -> peer == 1, () -> false))
        .hasMessage(
            "rank 0: timed out after PT0S waiting for rank 2 at %s;".formatted(meeting.addresses[2])
                + " all ranks are alive, take a thread dump of its executor, in allReduce");
    gang.forEach(RankNetwork::close);
  }

  /** Takes nothing in. */
  private static final class Deaf implements RankNetwork.Receiver {

    @Override
    public void receive(Frame frame, ByteBuffer payload) {}

    @Override
    public StreamCallbackWithID receiveStream(Frame frame, Runnable takenIn) {
      throw new IllegalArgumentException("a stream");
    }
  }

  @Test
  void portThatIsTakenIsPassedOver() throws Exception {
    int port;
    try (var free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    spark.sparkContext().conf().set("spark.ofa.port", String.valueOf(port));
    try (var first = SparkChannels.listening(new NoOpRpcHandler());
        var second = SparkChannels.listening(new NoOpRpcHandler())) {
      assertThat(first.port()).isGreaterThanOrEqualTo(port);
      assertThat(second.port()).isGreaterThan(first.port()).isLessThanOrEqualTo(port + 16);

      spark.sparkContext().conf().set("spark.port.maxRetries", "0");
      spark.sparkContext().conf().set("spark.ofa.port", String.valueOf(second.port()));
      assertThatThrownBy(() -> SparkChannels.listening(new NoOpRpcHandler()))
          .hasMessageStartingWith("spark.ofa.port: no server on port %d".formatted(second.port()));
    } finally {
      spark.sparkContext().conf().remove("spark.ofa.port").remove("spark.port.maxRetries");
    }
  }
}
