package org.ofaspark.jobs.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;
import org.apache.spark.sql.SparkSession;
import org.ofaspark.golden.Golden;

/** Spark sessions of tests: on loopback, without a page, quiet. */
public final class LocalSpark {

  /** A library that makes GPUs which are none, see the README beside its folder. */
  public static final Path VIRTUAL_GPU =
      Path.of("../../shared/virtualcuda/bin/libvirtualcuda.so").toAbsolutePath().normalize();

  private LocalSpark() {}

  /**
   * Starts a session.
   *
   * @param master such as {@code local[2]}
   */
  public static SparkSession start(String master) {
    return builder(master).getOrCreate();
  }

  /**
   * Starts a session with executors in processes of their own, each with one core and a heap of 1
   * GB.
   *
   * @param executors how many
   */
  public static SparkSession startExecutors(int executors) {
    return executors(executors, 1).getOrCreate();
  }

  /**
   * Starts a session as {@link #startExecutors}, with authentication and encryption as in {@code
   * conf/spark/secure.conf}.
   *
   * @param executors how many
   */
  public static SparkSession startSecureExecutors(int executors) {
    return executors(executors, 1)
        .config("spark.authenticate", true)
        .config("spark.authenticate.secret", UUID.randomUUID().toString())
        .config("spark.network.crypto.enabled", true)
        .config("spark.network.crypto.authEngineVersion", 2)
        .config("spark.network.crypto.cipher", "AES/GCM/NoPadding")
        .config("spark.network.crypto.saslFallback", false)
        .config("spark.io.encryption.enabled", true)
        .getOrCreate();
  }

  /**
   * Starts a session as {@link #startExecutors}, whose executors each have a virtual GPU of their
   * own, which Spark discovers.
   *
   * @param executors how many, at most two
   * @param folder for the script of the discovery
   * @param memory bytes of each GPU
   */
  public static SparkSession startGpuExecutors(int executors, Path folder, long memory)
      throws IOException {
    Path script = folder.resolve("discover-%d.sh".formatted(memory));
    Files.writeString(
        script,
        """
        #!/usr/bin/env bash
        for gpu in 0 1; do
          if mkdir "$0.$gpu" 2> /dev/null; then
            echo "{\\"name\\": \\"gpu\\", \\"addresses\\": [\\"$gpu\\"]}"
            exit
          fi
        done
        """);
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    return executors(executors, 1)
        .config("spark.worker.resource.gpu.amount", 1)
        .config("spark.worker.resource.gpu.discoveryScript", script.toString())
        .config("spark.executor.resource.gpu.amount", 1)
        .config(AssignedDevice.TASK_GPUS, 1)
        .config("spark.executorEnv.PYTORCH_EXTRA_LIBRARY_PATH", VIRTUAL_GPU.toString())
        .config("spark.executorEnv.VIRTUAL_GPU_MEMORY", memory)
        .config("spark.executorEnv.VIRTUAL_GPU_STATS", folder.resolve("gpu-%p.json").toString())
        .getOrCreate();
  }

  /**
   * Starts a session as {@link #startExecutors}, whose cluster says that each executor has a GPU.
   *
   * @param executors how many, at most two
   * @param folder for the list of GPUs
   */
  public static SparkSession startExecutorsWithoutTheirGpus(int executors, Path folder)
      throws IOException {
    Path resources = folder.resolve("resources.json");
    Files.writeString(
        resources,
        """
        [{"id": {"componentName": "spark.worker", "resourceName": "gpu"}, "addresses": ["3", "5"]}]
        """);
    return executors(1, executors)
        .config("spark.worker.resourcesFile", resources.toString())
        .config("spark.worker.resource.gpu.amount", 2)
        .config("spark.executor.resource.gpu.amount", 1)
        .config(AssignedDevice.TASK_GPUS, 1)
        .getOrCreate();
  }

  /**
   * Returns a builder of a session as {@link #startExecutors} starts.
   *
   * @param workers of the cluster
   * @param executors on each of them
   */
  public static SparkSession.Builder executors(int workers, int executors) {
    layOutSparkHome();
    return builder("local-cluster[%d,%d,%d]".formatted(workers, executors, 1536 * executors))
        .config("spark.executor.memory", "1g")
        .config("spark.executor.cores", 1)
        .config(
            "spark.executor.extraClassPath",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")))
        .config(
            "spark.executor.extraJavaOptions",
            "-XX:TieredStopAtLevel=1 -Dgolden.dir=" + Golden.dir().toAbsolutePath())
        .config("spark.stage.maxConsecutiveAttempts", 1) // as finetune sets it
        .config("spark.scheduler.barrier.maxConcurrentTasksCheck.interval", "1s");
  }

  /** The jars come from the class path; Spark's worker only wants to see their folder. */
  private static void layOutSparkHome() {
    Path home = Path.of(System.getenv("SPARK_HOME"));
    try {
      Files.createDirectories(home.resolve("jars"));
      if (!Files.exists(home.resolve("RELEASE"))) {
        Files.createFile(home.resolve("RELEASE"));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns a builder with the settings of all tests. */
  public static SparkSession.Builder builder(String master) {
    return SparkSession.builder()
        .master(master)
        .appName("test")
        .config("spark.ui.enabled", false)
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", 2)
        .config("spark.log.level", "WARN");
  }
}
