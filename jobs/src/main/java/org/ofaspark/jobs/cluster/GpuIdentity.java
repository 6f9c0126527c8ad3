package org.ofaspark.jobs.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.spark.TaskContext;
import org.ofaspark.config.Text;

/**
 * Which GPU of which machine a task has, so that two tasks with the same one are noticed. Addresses
 * are not enough: a container that sees one GPU of its machine calls it 0, and so does one that
 * sees all of them. Executor.
 */
public final class GpuIdentity {

  private static final List<String> LIST =
      List.of("nvidia-smi", "--query-gpu=index,uuid", "--format=csv,noheader");
  private static final long LONGEST_SECONDS = 20;

  private GpuIdentity() {}

  /**
   * Returns the GPU of a task, if it has one: host and UUID, or address where nvidia-smi lists no
   * UUID.
   *
   * @param task the task
   */
  public static Optional<String> of(TaskContext task) {
    return AssignedDevice.address(task)
        .map(
            address ->
                Text.format(
                    "GPU %s of %s",
                    name(
                        address,
                        AssignedDevice.entries(
                            Optional.ofNullable(System.getenv(AssignedDevice.VISIBLE))),
                        listed()),
                    SparkChannels.host()));
  }

  /**
   * Names a GPU.
   *
   * @param address Spark's address of it
   * @param visible entries of CUDA_VISIBLE_DEVICES, if any
   * @param listed a line {@code index, UUID} for each GPU that the process may use
   */
  static String name(String address, List<String> visible, List<String> listed) {
    String name = address;
    if (!visible.isEmpty() && !visible.contains(address) && address.matches("\\d{1,4}")) {
      int index = Integer.parseInt(address);
      name = index < visible.size() ? visible.get(index) : address;
    }
    String prefix = name + ",";
    return listed.stream()
        .filter(line -> line.startsWith(prefix))
        .map(line -> line.substring(prefix.length()).strip())
        .findFirst()
        .orElse(name);
  }

  /** Returns what nvidia-smi lists; nothing where it cannot. */
  private static List<String> listed() {
    try {
      Process list =
          new ProcessBuilder(LIST).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      try (InputStream out = list.getInputStream()) {
        if (!list.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS)) { // its few lines fit into the pipe
          return List.of();
        }
        return new String(out.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
      } finally {
        list.destroyForcibly();
      }
    } catch (IOException e) { // not there
      return List.of();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
  }
}
