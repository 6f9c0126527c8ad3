package org.ofaspark.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.hdfs.protocol.DSQuotaExceededException;
import org.apache.spark.SparkEnv;
import org.apache.spark.network.client.RpcResponseCallback;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.collective.CollectiveException;

/** What ranks tell the driver, over sockets of one process. */
class RankMonitorTest {

  private static final UUID GROUP = UUID.randomUUID();

  private static SparkSession spark;

  private final List<JsonObject> lines = Collections.synchronizedList(new ArrayList<>());

  @BeforeAll
  static void start() {
    spark = LocalSpark.start("local[1]");
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static void fail(RankMonitor monitor, UUID group, int rank, Throwable cause) {
    try (var reporter = new RankReporter(monitor.address(), new RankId(group, rank, 3))) {
      reporter.failure(7, "training", FailureKind.of(cause), cause);
    }
  }

  @Test
  void causeCountsMoreThanAnEarlierSymptom() {
    try (var monitor = new RankMonitor(lines::add)) {
      monitor.listenTo(GROUP);
      fail(monitor, GROUP, 0, new CollectiveException("rank 1 is lost"));
      fail(monitor, GROUP, 1, new IllegalStateException("no memory"));
      fail(monitor, GROUP, 2, new IllegalStateException("later"));

      assertThat(monitor.firstFailure())
          .hasValueSatisfying(
              failure -> {
                assertThat(failure.kind()).isEqualTo(FailureKind.OTHER);
                assertThat(failure.text())
                    .startsWith("rank 1 on ")
                    .endsWith(", update 7, training: java.lang.IllegalStateException: no memory");
              });
    }
  }

  @Test
  void ranksOfAnEarlierAttemptAreNotHeard() {
    try (var monitor = new RankMonitor(lines::add);
        var late = new RankReporter(monitor.address(), new RankId(GROUP, 1, 3))) {
      monitor.listenTo(GROUP);
      fail(monitor, GROUP, 0, new IllegalStateException("of the first attempt"));
      var line = new JsonObject();
      line.addProperty("update", 1);
      late.progress(line);

      monitor.listenTo(UUID.randomUUID());
      late.progress(line);
      late.failure(7, "training", FailureKind.OTHER, new IllegalStateException("late"));

      assertThat(monitor.firstFailure()).isEmpty();
      assertThat(lines).hasSize(1);
    }
  }

  @Test
  void kindsAreHeardWithTheirWords() {
    var quota =
        new IllegalArgumentException("Self-suppression", new DSQuotaExceededException(1, 2));
    assertThat(FailureKind.of(quota)).isEqualTo(FailureKind.OTHER);
    assertThat(FailureKind.of(new IllegalArgumentException("a: 1")))
        .isEqualTo(FailureKind.SETTINGS);
    assertThat(FailureKind.of(new IllegalStateException(new ChecksumException("a", 0))))
        .isEqualTo(FailureKind.DAMAGE);
    try (var monitor = new RankMonitor(lines::add);
        var reporter = new RankReporter(monitor.address(), new RankId(GROUP, 3, 4))) {
      monitor.listenTo(GROUP);
      reporter.start();
      fail(monitor, GROUP, 0, new IllegalStateException(new ConnectException("refused")));

      assertThat(monitor.firstFailure())
          .hasValueSatisfying(
              failure -> {
                assertThat(failure.kind()).isEqualTo(FailureKind.OUTAGE);
                assertThat(failure.text())
                    .contains("training: the file system does not answer, or takes no writes: ref");
              });
    }
  }

  /** It is Netty that cannot connect there, not a file system. */
  @ParameterizedTest
  @ValueSource(strings = {"EPOLL", "NIO"})
  void processThatIsGoneIsNoOutageOfAFileSystem(String mode) throws IOException {
    int closed;
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      closed = socket.getLocalPort();
    }
    SparkEnv.get().conf().set("spark.ofa.io.mode", mode);
    try (var channels = SparkChannels.calling()) {
      assertThatThrownBy(() -> channels.connect("127.0.0.1:" + closed))
          .hasRootCauseInstanceOf(ConnectException.class)
          .satisfies(failure -> assertThat(FailureKind.of(failure)).isEqualTo(FailureKind.OTHER));
    } finally {
      SparkEnv.get().conf().remove("spark.ofa.io.mode");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"EPOLL", "NIO"})
  void connectionThatIsResetIsNoOutageOfAFileSystem(String mode) throws Exception {
    SparkEnv.get().conf().set("spark.ofa.io.mode", mode);
    try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        var channels = SparkChannels.calling();
        var client = channels.connect("127.0.0.1:" + server.getLocalPort())) {
      var failure = new CompletableFuture<Throwable>();
      long unused =
          client.sendRpc(
              ByteBuffer.allocate(8),
              new RpcResponseCallback() {
                @Override
                public void onSuccess(ByteBuffer response) {
                  failure.completeExceptionally(new AssertionError("an answer"));
                }

                @Override
                public void onFailure(Throwable cause) {
                  failure.complete(cause);
                }
              });
      try (var accepted = server.accept()) {
        assertThat(accepted.getInputStream().readNBytes(29)).hasSize(29); // the whole message
        accepted.setSoLinger(true, 0); // closing it resets it
      }
      Throwable told = failure.get(30, TimeUnit.SECONDS);
      assertThat(FailureKind.of(told)).as("%s", told).isEqualTo(FailureKind.OTHER);
    } finally {
      SparkEnv.get().conf().remove("spark.ofa.io.mode");
    }
  }

  @Test
  void monitorBehindAFirewallCostsARankNothing() throws IOException {
    try (var silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        var first = SocketChannel.open();
        var second = SocketChannel.open();
        var third = SocketChannel.open()) {
      for (SocketChannel caller : List.of(first, second, third)) { // whoever calls then is dropped
        caller.configureBlocking(false);
        boolean unused = caller.connect(silent.getLocalSocketAddress());
      }
      long start = System.nanoTime();
      try (var reporter =
          new RankReporter("127.0.0.1:" + silent.getLocalPort(), new RankId(GROUP, 0, 1))) {
        reporter.start();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
      }
    }
  }

  @Test
  void causesAreToldWhereTheySayMore() {
    var lost = new CollectiveException("rank 1 is lost", new IOException("reset by peer"));
    var error = new IllegalStateException(lost.getMessage() + ", in allReduce", lost);

    assertThat(RankReporter.inWords(error))
        .isEqualTo(
            "java.lang.IllegalStateException: rank 1 is lost, in allReduce;"
                + " caused by java.io.IOException: reset by peer");
  }
}
