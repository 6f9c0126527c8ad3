package org.ofaspark.jobs.cluster;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.apache.spark.network.client.RpcResponseCallback;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.server.OneForOneStreamManager;
import org.apache.spark.network.server.RpcHandler;
import org.apache.spark.network.server.StreamManager;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Receives progress and failure reports from the ranks while they run. Driver; {@link RankReporter}
 * is the other end.
 */
public final class GangMonitor implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(GangMonitor.class);

  private final SparkChannels channels;
  private final Consumer<JsonObject> onProgress;
  private final AtomicReference<JsonObject> firstFailure = new AtomicReference<>();
  private final Map<String, String> ranks = new ConcurrentHashMap<>();
  private volatile @Nullable UUID gang;

  /**
   * Starts to listen.
   *
   * @param onProgress called with each line of training metrics, by a thread of the network
   */
  public GangMonitor(Consumer<JsonObject> onProgress) {
    this.onProgress = onProgress;
    this.channels = SparkChannels.listening(new Handler());
  }

  /** Returns the address that ranks report to. */
  public String address() {
    return SparkChannels.host() + ":" + channels.port();
  }

  /**
   * Forgets earlier attempts; late reports of their ranks are ignored.
   *
   * @param gang the ranks to hear; null if none are at work
   */
  public void listenTo(@Nullable UUID gang) {
    this.gang = gang;
    firstFailure.set(null);
    ranks.clear();
  }

  /**
   * The failure of a rank.
   *
   * @param kind of what it has failed
   * @param text rank, host, update, phase and error
   */
  public record RankFailure(FailureKind kind, String text) {}

  /**
   * Returns what went wrong first by the clocks of the ranks, if a rank could tell. That another
   * rank is lost counts only if no rank has reported anything else.
   */
  public Optional<RankFailure> firstFailure() {
    return Optional.ofNullable(firstFailure.get())
        .map(
            failure ->
                new RankFailure(
                    kind(failure),
                    Text.format(
                        "rank %d on %s, update %d, %s: %s",
                        failure.get("rank").getAsInt(),
                        failure.get("host").getAsString(),
                        failure.get("update").getAsLong(),
                        failure.get("phase").getAsString(),
                        failure.get("error").getAsString())));
  }

  /** Returns the ranks that have started, by the ids of their executors. */
  public Map<String, String> ranks() {
    return Map.copyOf(ranks);
  }

  private static FailureKind kind(JsonObject failure) {
    return FailureKind.valueOf(failure.get("failed").getAsString());
  }

  private void hear(JsonObject report) {
    if (!report.get("gang").getAsString().equals(String.valueOf(gang))) {
      return;
    }
    switch (report.get("kind").getAsString()) {
      case RankReporter.FAILURE -> firstFailure.accumulateAndGet(report, GangMonitor::earlier);
      case RankReporter.START ->
          ranks.merge(
              report.get("executor").getAsString(),
              "rank " + report.get("rank").getAsInt(),
              (known, other) -> known + ", " + other);
      default -> onProgress.accept(report);
    }
  }

  private static JsonObject earlier(JsonObject known, JsonObject heard) {
    if (known == null) {
      return heard;
    }
    boolean knownIsSymptom = kind(known) == FailureKind.LOST;
    if (knownIsSymptom != (kind(heard) == FailureKind.LOST)) {
      return knownIsSymptom ? heard : known;
    }
    return heard.get("time").getAsLong() < known.get("time").getAsLong() ? heard : known;
  }

  private final class Handler extends RpcHandler {
    private final StreamManager streams = new OneForOneStreamManager();

    @Override
    public void receive(
        TransportClient connection, ByteBuffer message, RpcResponseCallback callback) {
      try {
        String text = StandardCharsets.UTF_8.decode(message).toString();
        hear(JsonParser.parseString(text).getAsJsonObject());
        callback.onSuccess(ByteBuffer.allocate(0));
      } catch (RuntimeException e) {
        LOG.warn("A report from {} is not understood", connection.getSocketAddress(), e);
        callback.onFailure(e);
      }
    }

    @Override
    public StreamManager getStreamManager() {
      return streams;
    }
  }

  @Override
  public void close() {
    channels.close();
  }
}
