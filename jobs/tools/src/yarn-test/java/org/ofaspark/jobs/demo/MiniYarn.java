package org.ofaspark.jobs.demo;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.yarn.api.records.NodeState;
import org.apache.hadoop.yarn.client.api.YarnClient;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.exceptions.YarnException;

/**
 * An HDFS and a YARN of one node on the loopback, in processes of their own as {@link MiniHdfs}.
 * Closing ends them and all that they have started.
 */
public final class MiniYarn implements AutoCloseable {

  private static final Duration START = Duration.ofMinutes(3);
  private static final String DAEMONS = "org.apache.hadoop.yarn.server.";

  private final ChildProcesses processes = new ChildProcesses();
  private final Path folder;
  private final Path classes;

  private MiniYarn(Path folder, Path classes) {
    this.folder = folder;
    this.classes = classes;
  }

  /**
   * Starts both and waits until they serve.
   *
   * @param project its folder {@code jobs/tools/target} has to hold the daemons' jars
   * @param folder where all their files go; empty
   * @throws IOException if one ends, or does not serve in time
   */
  public static MiniYarn start(Path project, Path folder)
      throws IOException, InterruptedException, YarnException {
    var cluster = new MiniYarn(folder, project.resolve("jobs/tools/target"));
    try {
      cluster.start(project.resolve("conf/demo/hdfs-log4j.properties"));
    } catch (IOException | InterruptedException | YarnException | RuntimeException e) {
      cluster.close();
      throw e;
    }
    return cluster;
  }

  private void start(Path logging) throws IOException, InterruptedException, YarnException {
    Files.createDirectories(conf());
    List<Integer> ports = freePorts(3);
    write(
        "yarn-site.xml",
        Map.ofEntries(
            Map.entry("yarn.resourcemanager.address", "localhost:" + ports.get(0)),
            Map.entry("yarn.resourcemanager.scheduler.address", "localhost:" + ports.get(1)),
            Map.entry("yarn.resourcemanager.resource-tracker.address", "localhost:" + ports.get(2)),
            Map.entry("yarn.resourcemanager.admin.address", "localhost:0"),
            Map.entry("yarn.resourcemanager.webapp.address", "localhost:0"),
            Map.entry("yarn.resourcemanager.bind-host", "127.0.0.1"),
            Map.entry(
                "yarn.resourcemanager.scheduler.class",
                DAEMONS + "resourcemanager.scheduler.fifo.FifoScheduler"),
            Map.entry("yarn.resourcemanager.nodemanagers.heartbeat-interval-ms", "100"),
            Map.entry("yarn.scheduler.minimum-allocation-mb", "128"),
            Map.entry("yarn.nodemanager.address", "localhost:0"),
            Map.entry("yarn.nodemanager.localizer.address", "localhost:0"),
            Map.entry("yarn.nodemanager.webapp.address", "localhost:0"),
            Map.entry("yarn.nodemanager.bind-host", "127.0.0.1"),
            Map.entry("yarn.nodemanager.hostname", "localhost"),
            Map.entry("yarn.nodemanager.local-dirs", folder.resolve("local").toString()),
            Map.entry("yarn.nodemanager.log-dirs", containerLogs().toString()),
            Map.entry("yarn.nodemanager.delete.debug-delay-sec", "3600"),
            Map.entry("yarn.nodemanager.resource.memory-mb", "16384"),
            Map.entry("yarn.nodemanager.resource.cpu-vcores", "16"),
            Map.entry("yarn.nodemanager.vmem-check-enabled", "false"),
            Map.entry(
                "yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage",
                "100")));
    Process manager = startDaemon("resourcemanager.ResourceManager", logging);
    Process node = startDaemon("nodemanager.NodeManager", logging);
    MiniHdfs hdfs =
        MiniHdfs.start(
            processes, classes.resolve("hdfs"), logging, folder.resolve("hdfs"), log("hdfs"));
    write("core-site.xml", Map.of("fs.defaultFS", hdfs.address().toString()));
    awaitNode(manager, node);
  }

  private Process startDaemon(String name, Path logging) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx400m", "-XX:TieredStopAtLevel=1", "-Duser.language=en"));
    command.add("--add-opens=java.base/java.lang=ALL-UNNAMED");
    command.add("-Dlog4j.configuration=" + logging.toUri());
    String jars = classes.resolve("hdfs") + "/*:" + classes.resolve("yarn") + "/*";
    command.addAll(List.of("-cp", conf() + ":" + jars, DAEMONS + name));
    Map<String, String> environment = Map.of("JAVA_HOME", System.getProperty("java.home"));
    return processes.start(command, folder, environment, log(name));
  }

  private void awaitNode(Process... daemons)
      throws IOException, InterruptedException, YarnException {
    long deadline = System.nanoTime() + START.toNanos();
    try (YarnClient client = YarnClient.createYarnClient()) {
      client.init(new YarnConfiguration(configuration()));
      client.start();
      while (client.getNodeReports(NodeState.RUNNING).isEmpty()) {
        for (Process daemon : daemons) {
          if (processes.isEndedSoon(daemon)) {
            throw new IOException(
                String.format(Locale.ROOT, "YARN: ended with code %d", daemon.exitValue()));
          }
        }
        if (System.nanoTime() > deadline) {
          throw new IOException(
              String.format(Locale.ROOT, "YARN: has no node after %d s", START.toSeconds()));
        }
      }
    }
  }

  /** Returns ports of the loopback that nobody listens to at the moment. */
  private static List<Integer> freePorts(int count) throws IOException {
    List<ServerSocket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        sockets.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
      }
      return sockets.stream().map(ServerSocket::getLocalPort).toList();
    } finally {
      for (ServerSocket socket : sockets) {
        socket.close();
      }
    }
  }

  private void write(String name, Map<String, String> properties) throws IOException {
    var configuration = new Configuration(false);
    new TreeMap<>(properties).forEach(configuration::set);
    try (var out = Files.newOutputStream(conf().resolve(name))) {
      configuration.writeXml(out);
    }
  }

  private Path log(String daemon) {
    return folder.resolve(daemon + ".log");
  }

  /** Returns the folder that {@code HADOOP_CONF_DIR} is to name. */
  public Path conf() {
    return folder.resolve("conf");
  }

  /** Returns the folder in which containers log, in one of their own each. */
  public Path containerLogs() {
    return folder.resolve("containers");
  }

  /** Returns what clients of both need. */
  public Configuration configuration() {
    var configuration = new Configuration();
    for (String name : List.of("core-site.xml", "yarn-site.xml")) {
      configuration.addResource(new org.apache.hadoop.fs.Path(conf().resolve(name).toUri()));
    }
    return configuration;
  }

  @Override
  public void close() {
    processes.close();
  }
}
