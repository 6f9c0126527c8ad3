package org.ofaspark.jobs.demo;

import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.ofaspark.config.Text;

/**
 * An HDFS of one name node and one data node on this machine, in a process of its own: its jars
 * never meet Spark's. The system chooses its ports.
 */
final class MiniHdfs {

  private static final Duration START = Duration.ofMinutes(2);

  private final URI address;

  private MiniHdfs(URI address) {
    this.address = address;
  }

  /**
   * Starts an HDFS and waits until it serves.
   *
   * @param processes own it from now on
   * @param jars folder of its jars
   * @param logging its settings of log4j
   * @param folder where its blocks go; empty
   * @param log the file that its output goes to
   * @throws IOException if it ends, or does not serve in time
   */
  static MiniHdfs start(ChildProcesses processes, Path jars, Path logging, Path folder, Path log)
      throws IOException, InterruptedException {
    Files.createDirectories(folder);
    Path details = folder.resolve("details.json");
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx512m",
            "-Duser.language=en", // in some others HDFS does not find the files that it has written
            "-Dlog4j.configuration=" + logging.toUri(),
            "-cp",
            jars + "/*",
            "org.apache.hadoop.test.MiniDFSClusterManager",
            "-format",
            "-datanodes",
            "1",
            "-nnport",
            "0",
            "-httpport",
            "0",
            "-Dhdfs.minidfs.basedir=" + folder.resolve("blocks"),
            "-Ddfs.replication=1",
            "-writeDetails",
            details.toString());
    Process process = processes.start(command, folder, Map.of(), log);
    long deadline = System.nanoTime() + START.toNanos();
    while (System.nanoTime() < deadline) {
      if (processes.isEndedSoon(process)) {
        throw new IOException(Text.format("HDFS: ended with code %d", process.exitValue()));
      }
      OptionalInt port = port(details);
      if (port.isPresent()) {
        return new MiniHdfs(URI.create("hdfs://localhost:" + port.getAsInt()));
      }
    }
    throw new IOException(Text.format("HDFS: does not serve after %d s", START.toSeconds()));
  }

  /** Returns the name node's port once the whole file is there. */
  private static OptionalInt port(Path details) throws IOException {
    if (!Files.exists(details)) {
      return OptionalInt.empty();
    }
    try {
      String text = Files.readString(details);
      return OptionalInt.of(
          JsonParser.parseString(text).getAsJsonObject().get("namenode_port").getAsInt());
    } catch (JsonParseException | IllegalStateException e) {
      return OptionalInt.empty(); // it is being written
    }
  }

  /** Returns its address, such as {@code hdfs://localhost:44989}. */
  URI address() {
    return address;
  }

  /** Returns the path of a file or directory on it, below {@code /demo}. */
  org.apache.hadoop.fs.Path path(String name) {
    return new org.apache.hadoop.fs.Path(address + "/demo/" + name);
  }
}
