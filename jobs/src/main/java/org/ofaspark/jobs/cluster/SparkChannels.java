package org.ofaspark.jobs.cluster;

import io.netty.channel.epoll.Epoll;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.SecurityManager;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.network.TransportContext;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.client.TransportClientBootstrap;
import org.apache.spark.network.client.TransportClientFactory;
import org.apache.spark.network.crypto.AuthClientBootstrap;
import org.apache.spark.network.crypto.AuthServerBootstrap;
import org.apache.spark.network.server.NoOpRpcHandler;
import org.apache.spark.network.server.RpcHandler;
import org.apache.spark.network.server.TransportServer;
import org.apache.spark.network.server.TransportServerBootstrap;
import org.apache.spark.network.util.MapConfigProvider;
import org.apache.spark.network.util.TransportConf;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.OfaProperties;
import scala.Tuple2;

/**
 * A server and clients of Spark's own network library, with the application's own secret: {@code
 * spark.authenticate} and {@code spark.network.crypto.*} hold for them as for shuffles. Works on
 * the driver and on executors.
 *
 * <p>Settings of the module {@code ofa}, such as {@code spark.ofa.io.connectionTimeout}, are read
 * as Spark reads those of the module {@code shuffle}; {@link OfaProperties#PORT} is the server's
 * port.
 */
final class SparkChannels implements AutoCloseable {

  private static final String MODULE = "ofa";

  private final TransportContext context;
  private final @Nullable TransportServer server;
  private final TransportClientFactory clients;

  private SparkChannels(RpcHandler handler, boolean listens) {
    SparkEnv environment = SparkEnv.get();
    SparkConf conf = environment.conf();
    TransportConf transport =
        new TransportConf(MODULE, new MapConfigProvider(settings(conf, listens)));
    SecurityManager security = environment.securityManager();
    boolean authenticates = security.isAuthenticationEnabled();
    List<TransportServerBootstrap> servers =
        authenticates ? List.of(new AuthServerBootstrap(transport, security)) : List.of();
    List<TransportClientBootstrap> clients =
        authenticates
            ? List.of(new AuthClientBootstrap(transport, conf.getAppId(), security))
            : List.of();
    this.context = new TransportContext(transport, handler);
    try {
      this.server = listens ? server(conf, servers) : null;
      this.clients = context.createClientFactory(clients);
    } catch (RuntimeException | Error e) {
      context.close();
      throw e;
    }
  }

  /** Takes the port of the settings, or one of those after it, as Spark's own services do. */
  private TransportServer server(SparkConf conf, List<TransportServerBootstrap> bootstraps) {
    int first = conf.getInt(OfaProperties.PORT, 0);
    int last = first == 0 ? 0 : first + conf.getInt("spark.port.maxRetries", 16);
    for (int port = first; ; port++) {
      try {
        return context.createServer(host(), port, bootstraps);
      } catch (Exception e) { // Netty throws IOException undeclared
        boolean isTaken = e instanceof IOException || e.getCause() instanceof IOException;
        if (!isTaken || port == last) {
          throw new IllegalStateException(
              Text.format(
                  "%s: no server on port %d to %d of %s (expected: one that is free)",
                  OfaProperties.PORT, first, last, host()),
              e);
        }
      }
    }
  }

  /**
   * Starts a server on this process's address, and clients.
   *
   * @param handler answers what peers send
   */
  static SparkChannels listening(RpcHandler handler) {
    return new SparkChannels(handler, true);
  }

  /** Makes clients without a server, which give a connection up soon. */
  static SparkChannels calling() {
    return new SparkChannels(new NoOpRpcHandler(), false);
  }

  private static Map<String, String> settings(SparkConf conf, boolean listens) {
    Map<String, String> settings = new HashMap<>();
    if (!listens) {
      settings.put("spark.ofa.io.connectionCreationTimeout", "10s"); // Spark's is two minutes
    }
    settings.put("spark.ofa.io.serverThreads", "2"); // of each; the default is twice the cores
    settings.put("spark.ofa.io.clientThreads", "2");
    settings.put("spark.ofa.io.mode", Epoll.isAvailable() ? "EPOLL" : "NIO"); // a third faster
    for (Tuple2<String, String> setting : conf.getAll()) {
      settings.put(setting._1(), setting._2());
    }
    return settings;
  }

  /** Returns the address that other processes of the application reach this one by. */
  static String host() {
    return SparkEnv.get().blockManager().blockManagerId().host();
  }

  int port() {
    if (server == null) {
      throw new IllegalStateException("port: none (expected: channels that listen)");
    }
    return server.getPort();
  }

  /** Returns host and port of the server. */
  String address() {
    return host() + ":" + port();
  }

  /**
   * Connects to a server.
   *
   * @param address what {@link #address} returns there
   * @return a connection, which the caller closes
   */
  TransportClient connect(String address) throws IOException, InterruptedException {
    int colon = address.lastIndexOf(':');
    return clients.createUnmanagedClient(
        address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
  }

  @Override
  public void close() {
    clients.close();
    if (server != null) {
      server.close();
    }
    context.close();
  }
}
