package org.ofaspark.jobs.cluster;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.SparkEnv;
import org.apache.spark.network.client.TransportClient;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Daemon;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.OfaProperties;
import org.ofaspark.jobs.storage.FileSystemFailure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends a rank's reports to the driver's {@link RankMonitor}. Reports that do not get through are
 * logged and given up: training continues without them. Executor.
 */
public final class RankReporter implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(RankReporter.class);
  private static final int MOST_CAUSES = 10;
  private static final long TIMEOUT_MILLIS = 5_000;

  private final RankId self;
  private final SparkChannels channels;
  private final CompletableFuture<@Nullable TransportClient> driver;

  /**
   * Starts to connect to the driver, while the rank continues: a firewall may drop what it sends.
   *
   * @param address where its monitor listens
   * @param self the rank
   */
  public RankReporter(String address, RankId self) {
    this.self = self;
    this.channels = SparkChannels.calling();
    this.driver =
        CompletableFuture.supplyAsync(
            () -> connect(address),
            connecting -> Daemon.thread("ofa-monitor-connection", connecting).start());
  }

  private @Nullable TransportClient connect(String address) {
    try {
      return channels.connect(address);
    } catch (IOException | RuntimeException e) { // of authentication
      LOG.warn(
          "No live progress, and no causes of failures: the driver's monitor at {} cannot be"
              + " reached, {}; open that port, which {} sets",
          address,
          e.getMessage(),
          OfaProperties.PORT);
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
  }

  /** Reports that this rank has started. */
  public void start() {
    boolean unused = driver.thenAccept(client -> send(client, report(null, null))).isDone();
  }

  /**
   * Reports a line of training metrics.
   *
   * @param line the line
   */
  public void progress(JsonObject line) {
    send(report(line, null));
  }

  /**
   * Reports a failure of this rank.
   *
   * @param update the update in progress
   * @param phase what the rank was doing
   * @param kind of the failure
   * @param cause what went wrong
   */
  public void failure(long update, String phase, FailureKind kind, Throwable cause) {
    String text =
        Text.format(
            "rank %d on %s, update %d, %s: %s",
            self.rank(),
            SparkChannels.host(),
            update,
            phase,
            FileSystemFailure.sentence(cause).orElseGet(() -> inWords(cause)));
    send(report(null, new RankReport.Failure(kind, text, System.currentTimeMillis())));
  }

  private String report(@Nullable JsonObject progress, RankReport.@Nullable Failure failure) {
    return new Gson()
        .toJson(
            new RankReport(
                self.group(), self.rank(), SparkEnv.get().executorId(), progress, failure));
  }

  /** Returns an error and, where they say more, its causes. */
  static String inWords(Throwable error) {
    var words = new StringBuilder(String.valueOf(error));
    Throwable cause = error.getCause();
    for (int depth = 0; cause != null && depth < MOST_CAUSES; depth++, cause = cause.getCause()) {
      String message = String.valueOf(cause.getMessage());
      if (words.indexOf(message) < 0) {
        words.append("; caused by ").append(cause);
      }
    }
    return words.toString();
  }

  private void send(String report) {
    try {
      send(driver.get(TIMEOUT_MILLIS, TimeUnit.MILLISECONDS), report);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("A report did not reach the driver: {}", report, e);
    }
  }

  private static void send(@Nullable TransportClient client, String report) {
    if (client == null) {
      return;
    }
    try {
      var unused =
          client.sendRpcSync(
              ByteBuffer.wrap(report.getBytes(StandardCharsets.UTF_8)), TIMEOUT_MILLIS);
    } catch (RuntimeException e) {
      LOG.warn("A report did not reach the driver: {}", report, e);
    }
  }

  @Override
  public void close() {
    TransportClient client = driver.getNow(null);
    if (client != null) {
      client.close();
    }
    channels.close();
  }
}
