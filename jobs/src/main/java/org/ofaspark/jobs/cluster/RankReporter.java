package org.ofaspark.jobs.cluster;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.apache.spark.network.client.TransportClient;
import org.jspecify.annotations.Nullable;
import org.ofaspark.collective.CollectiveException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A rank's line to the driver's {@link GangMonitor}. Reports that do not get through are logged and
 * given up: training goes on without them. Executor.
 */
public final class RankReporter implements AutoCloseable {

  static final String FAILURE = "failure";

  private static final Logger LOG = LoggerFactory.getLogger(RankReporter.class);
  private static final int MOST_CAUSES = 10;
  private static final long TIMEOUT_MILLIS = 5_000;

  private final UUID gang;
  private final SparkChannels channels;
  private final @Nullable TransportClient driver;

  /**
   * Connects to the driver.
   *
   * @param address where its monitor listens
   * @param gang the gang of the rank
   */
  public RankReporter(String address, UUID gang) {
    this.gang = gang;
    this.channels = SparkChannels.calling();
    this.driver = connect(address);
  }

  private @Nullable TransportClient connect(String address) {
    int colon = address.lastIndexOf(':');
    try {
      return channels
          .clients()
          .createUnmanagedClient(
              address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
    } catch (IOException | RuntimeException e) { // of authentication
      LOG.warn("No live progress: the driver's monitor at {} cannot be reached", address, e);
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
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
   * @param cause what went wrong
   */
  public void failure(int rank, long update, String phase, Throwable cause) {
    JsonObject report = new JsonObject();
    report.addProperty("kind", FAILURE);
    report.addProperty("rank", rank);
    report.addProperty("host", SparkChannels.host());
    report.addProperty("update", update);
    report.addProperty("phase", phase);
    report.addProperty("error", inWords(cause));
    report.addProperty("symptom", cause instanceof CollectiveException);
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
    if (driver == null) {
      return;
    }
    report.addProperty("gang", gang.toString());
    try {
      ByteBuffer text = ByteBuffer.wrap(report.toString().getBytes(StandardCharsets.UTF_8));
      var unused = driver.sendRpcSync(text, TIMEOUT_MILLIS);
    } catch (RuntimeException e) {
      LOG.warn("A report did not reach the driver: {}", report, e);
    }
  }

  @Override
  public void close() {
    if (driver != null) {
      driver.close();
    }
    channels.close();
  }
}
