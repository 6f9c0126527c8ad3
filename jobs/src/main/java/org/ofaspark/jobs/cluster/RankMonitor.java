package org.ofaspark.jobs.cluster;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Receives progress and failure reports from the ranks while they run. Driver; {@link RankReporter}
 * is the other end.
 */
public final class RankMonitor implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(RankMonitor.class);

  private final SparkChannels channels;
  private final Consumer<JsonObject> onProgress;
  private final AtomicReference<RankReport.Failure> firstFailure = new AtomicReference<>();
  private final Map<String, String> ranks = new ConcurrentHashMap<>();
  private volatile @Nullable UUID group;

  /**
   * Starts to listen.
   *
   * @param onProgress called with each line of training metrics, by a thread of the network
   */
  public RankMonitor(Consumer<JsonObject> onProgress) {
    this.onProgress = onProgress;
    this.channels = SparkChannels.listening(new Handler());
  }

  /** Returns the address that ranks report to. */
  public String address() {
    return channels.address();
  }

  /**
   * Forgets earlier attempts; late reports of their ranks are ignored.
   *
   * @param group the ranks to listen to; null if none are at work
   */
  public void listenTo(@Nullable UUID group) {
    this.group = group;
    firstFailure.set(null);
    ranks.clear();
  }

  /**
   * Returns what went wrong first by the clocks of the ranks, if a rank has reported it. That
   * another rank is lost counts only if no rank has reported anything else.
   */
  public Optional<RankReport.Failure> firstFailure() {
    return Optional.ofNullable(firstFailure.get());
  }

  /** Returns the ranks that have started, by the ids of their executors. */
  public Map<String, String> ranks() {
    return Map.copyOf(ranks);
  }

  private void accept(RankReport report) {
    if (!report.group().equals(group)) {
      return;
    }
    if (report.failure() != null) {
      firstFailure.accumulateAndGet(report.failure(), RankMonitor::earlier);
    } else if (report.progress() != null) {
      onProgress.accept(report.progress());
    } else {
      ranks.merge(
          report.executor(), "rank " + report.rank(), (known, other) -> known + ", " + other);
    }
  }

  private static RankReport.Failure earlier(
      RankReport.@Nullable Failure known, RankReport.Failure reported) {
    if (known == null) {
      return reported;
    }
    boolean knownIsSymptom = known.kind() == FailureKind.LOST;
    if (knownIsSymptom != (reported.kind() == FailureKind.LOST)) {
      return knownIsSymptom ? reported : known;
    }
    return reported.epochMillis() < known.epochMillis() ? reported : known;
  }

  private final class Handler extends RpcHandler {
    private final StreamManager streams = new OneForOneStreamManager();

    @Override
    public void receive(
        TransportClient connection, ByteBuffer message, RpcResponseCallback callback) {
      try {
        String text = StandardCharsets.UTF_8.decode(message).toString();
        accept(new Gson().fromJson(text, RankReport.class));
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
