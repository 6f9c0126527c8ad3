package org.ofaspark.jobs.cluster;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.SparkEnv;
import org.apache.spark.network.client.TransportClient;
import org.jspecify.annotations.Nullable;
import org.ofaspark.jobs.OfaProperties;
import org.ofaspark.jobs.storage.FileSystemFailure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A rank's line to the driver's {@link GangMonitor}. Reports that do not get through are logged and
 * given up: training goes on without them. Executor.
 */
public final class RankReporter implements AutoCloseable {

  static final String FAILURE = "failure";
  static final String START = "start";

  private static final Logger LOG = LoggerFactory.getLogger(RankReporter.class);
  private static final int MOST_CAUSES = 10;
  private static final long TIMEOUT_MILLIS = 5_000;

  private final UUID gang;
  private final SparkChannels channels;
  private final CompletableFuture<@Nullable TransportClient> driver;

  /**
   * Starts to connect to the driver, while the rank goes on: a firewall may drop what it sends.
   *
   * @param address where its monitor listens
   * @param gang the gang of the rank
   */
  public RankReporter(String address, UUID gang) {
    this.gang = gang;
    this.channels = SparkChannels.calling();
    this.driver = CompletableFuture.supplyAsync(() -> connect(address), RankReporter::start);
  }

  private static void start(Runnable task) {
    var thread = new Thread(task, "ofa-monitor-connection");
    thread.setDaemon(true);
    thread.start();
  }

  private @Nullable TransportClient connect(String address) {
    int colon = address.lastIndexOf(':');
    try {
      return channels
          .clients()
          .createUnmanagedClient(
              address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
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

  /**
   * Reports that this rank is at work.
   *
   * @param rank this rank
   */
  public void start(int rank) {
    JsonObject report = new JsonObject();
    report.addProperty("kind", START);
    report.addProperty("rank", rank);
    report.addProperty("executor", SparkEnv.get().executorId());
    boolean unused = driver.thenAccept(client -> send(client, report)).isDone();
  }

  /**
   * Reports a line of training metrics.
   *
   * @param line the line
   */
  public void progress(JsonObject line) {
    JsonObject report = line.deepCopy();
    report.addProperty("kind", "progress");
    send(report);
  }

  /**
   * Reports a failure of this rank.
   *
   * @param rank this rank
   * @param update the update in progress
   * @param phase what the rank was doing
   * @param failed of what
   * @param cause what went wrong
   */
  public void failure(int rank, long update, String phase, FailureKind failed, Throwable cause) {
    JsonObject report = new JsonObject();
    report.addProperty("kind", FAILURE);
    report.addProperty("rank", rank);
    report.addProperty("host", SparkChannels.host());
    report.addProperty("update", update);
    report.addProperty("phase", phase);
    report.addProperty("error", FileSystemFailure.sentence(cause).orElseGet(() -> inWords(cause)));
    report.addProperty("failed", failed.name());
    report.addProperty("time", System.currentTimeMillis());
    send(report);
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

  private void send(JsonObject report) {
    try {
      send(driver.get(TIMEOUT_MILLIS, TimeUnit.MILLISECONDS), report);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("A report did not reach the driver: {}", report, e);
    }
  }

  private void send(@Nullable TransportClient client, JsonObject report) {
    if (client == null) {
      return;
    }
    report.addProperty("gang", gang.toString());
    try {
      ByteBuffer text = ByteBuffer.wrap(report.toString().getBytes(StandardCharsets.UTF_8));
      var unused = client.sendRpcSync(text, TIMEOUT_MILLIS);
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
