package org.ofaspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The property files of {@code conf/spark}, read as spark-submit reads them. */
class SparkPropertiesTest {

  private static final Path FOLDER = Path.of("../conf/spark");

  private static Properties read(String name) throws IOException {
    var properties = new Properties();
    try (Reader reader = Files.newBufferedReader(FOLDER.resolve(name))) {
      properties.load(reader);
    }
    return properties;
  }

  static List<String> all() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".conf"))
          .sorted()
          .toList();
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void allKeysAreSparksAndHaveAValue(String name) throws IOException {
    Properties properties = read(name);
    assertThat(properties.stringPropertyNames())
        .isNotEmpty()
        .allMatch(key -> key.startsWith("spark."));
    assertThat(properties.values()).noneMatch(value -> value.toString().isBlank());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"local.conf", "standalone.conf", "yarn.conf", "yarn-gpu.conf", "k8s.conf"})
  void anExecutorHasOneTaskWithAllItsCores(String name) throws IOException {
    Properties properties = read(name);
    String cores = properties.getProperty("spark.executor.cores");
    assertThat(properties)
        .containsEntry("spark.task.cpus", cores)
        .containsEntry("spark.executorEnv.OMP_NUM_THREADS", cores)
        .containsEntry("spark.executorEnv.OMP_WAIT_POLICY", "PASSIVE");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"local.conf", "standalone.conf", "yarn.conf", "yarn-gpu.conf", "k8s.conf"})
  void theGangStaysAsItStarted(String name) throws IOException {
    assertThat(read(name))
        .containsEntry("spark.dynamicAllocation.enabled", "false")
        .containsEntry("spark.speculation", "false");
  }

  @ParameterizedTest
  @ValueSource(strings = {"yarn-gpu.conf", "k8s.conf"})
  void aRankHasOneGpuWhoseAddressIsDiscovered(String name) throws IOException {
    Properties properties = read(name);
    assertThat(properties)
        .containsEntry("spark.executor.resource.gpu.amount", "1")
        .containsEntry("spark.task.resource.gpu.amount", "1")
        .containsKey("spark.executor.resource.gpu.discoveryScript")
        .containsKey("spark.executor.memoryOverhead")
        .containsKey("spark.executorEnv.PYTORCH_LIBRARY_PATH")
        .containsEntry("spark.executorEnv.DJL_OFFLINE", "true");
    JobCommand.CUDA.forEach(
        (variable, value) ->
            assertThat(properties).containsEntry("spark.executorEnv." + variable, value));
  }

  @ParameterizedTest
  @ValueSource(strings = {"yarn-gpu.conf", "k8s.conf"})
  void theJarHasAJniLibraryForTheCudaBuildThatIsAskedFor(String name) throws IOException {
    Properties properties = read(name);
    String version = properties.getProperty("spark.executorEnv.PYTORCH_VERSION");
    String flavor = properties.getProperty("spark.executorEnv.PYTORCH_FLAVOR");
    ClassLoader loader = getClass().getClassLoader();
    var jni = new Properties();
    try (InputStream in = loader.getResourceAsStream("jnilib/pytorch.properties")) {
      jni.load(in);
    }

    assertThat(jni.getProperty("jni_version")).startsWith(version + "-");
    assertThat(loader.getResource("jnilib/linux-x86_64/" + flavor + "/libdjl_torch.so"))
        .isNotNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "spark.authenticate",
        "spark.network.crypto.enabled",
        "spark.io.encryption.enabled"
      })
  void secureTurnsOnAuthenticationAndEncryption(String key) throws IOException {
    assertThat(read("secure.conf"))
        .containsEntry(key, "true")
        .doesNotContainKey("spark.authenticate.secret");
  }
}
