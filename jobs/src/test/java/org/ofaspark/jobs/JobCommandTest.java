package org.ofaspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.SparkException;
import org.apache.spark.SparkUserAppException;
import org.apache.spark.serializer.JavaSerializer;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.jobs.cluster.WaitingJobs;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import scala.Tuple2;

class JobCommandTest {

  private static final String DEPLOY_MODE = "spark.submit.deployMode";
  private static final String PREFIX = "spark.executorEnv.";

  @Test
  void variablesThatAreSetStayAsTheyAre() throws Exception {
    System.setProperty(PREFIX + "MALLOC_ARENA_MAX", "4");
    System.setProperty(PREFIX + "NVIDIA_TF32_OVERRIDE", "1");
    try (SparkSession spark =
        JobCommand.session("test")
            .master("local[1]")
            .config("spark.ui.enabled", false)
            .getOrCreate()) {
      assertThat(spark.conf().get(PREFIX + "MALLOC_ARENA_MAX")).isEqualTo("4");
      assertThat(spark.conf().get(PREFIX + "MALLOC_TRIM_THRESHOLD_")).isEqualTo("1073741824");
      assertThat(spark.conf().get(PREFIX + "NVIDIA_TF32_OVERRIDE")).isEqualTo("1");
      assertThat(spark.conf().get(PREFIX + "CUDA_DEVICE_ORDER")).isEqualTo("PCI_BUS_ID");
    } finally {
      System.clearProperty(PREFIX + "MALLOC_ARENA_MAX");
      System.clearProperty(PREFIX + "NVIDIA_TF32_OVERRIDE");
    }
  }

  @Test
  void launcherSetsTheSameForTheDriver() throws IOException {
    String launcher = Files.readString(Path.of("../submit/.launch"));

    JobCommand.ALLOCATOR.forEach(
        (variable, value) ->
            assertThat(launcher)
                .contains("export %1$s=${%1$s:-%2$s}\n".formatted(variable, value)));
  }

  @Test
  void clustersDefaultsThatBreakAGangAreSwitchedOff() throws IOException {
    System.setProperty("spark.dynamicAllocation.enabled", "true");
    System.setProperty("spark.speculation", "true");
    try {
      assertThatThrownBy(() -> JobCommand.sessionOfRanks("test"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "spark.executor.instances: unset (expected: the number of ranks, as"
                  + " spark.dynamicAllocation.enabled is true and has no meaning here); add --"
                  + " --conf spark.executor.instances=NUMBER");
      System.setProperty("spark.master", "local[1]");
      try (SparkSession spark =
          JobCommand.sessionOfRanks("test").config("spark.ui.enabled", false).getOrCreate()) {
        assertThat(spark.sparkContext().getConf().get("spark.speculation")).isEqualTo("false");
        assertThat(spark.sparkContext().getConf().get("spark.dynamicAllocation.enabled"))
            .isEqualTo("false");
        assertThat(spark.sparkContext().getConf().getAll())
            .contains(
                new Tuple2<>("spark.serializer", JavaSerializer.class.getName()),
                new Tuple2<>("spark.extraListeners", WaitingJobs.class.getName()),
                new Tuple2<>("spark.stage.maxConsecutiveAttempts", "1"),
                new Tuple2<>("spark.barrier.sync.timeout", "600s"),
                new Tuple2<>("spark.task.reaper.enabled", "true"),
                new Tuple2<>("spark.scheduler.barrier.maxConcurrentTasksCheck.maxFailures", "601"));
      }
    } finally {
      System.clearProperty("spark.dynamicAllocation.enabled");
      System.clearProperty("spark.speculation");
      System.clearProperty("spark.master");
    }
  }

  /** A command that ends as it is told. */
  @Command(name = "job")
  private static final class Job implements Callable<Integer> {

    private final Callable<Integer> work;

    Job(Callable<Integer> work) {
      this.work = work;
    }

    @Override
    public Integer call() throws Exception {
      return work.call();
    }
  }

  private static void onCluster(Callable<Integer> work, String... args) throws Exception {
    System.setProperty(DEPLOY_MODE, "cluster");
    try {
      JobCommand.run(new Job(work), args);
    } finally {
      System.clearProperty(DEPLOY_MODE);
    }
  }

  private static int fail(Exception failure) throws Exception {
    throw failure;
  }

  @Test
  void onAClusterAJobFailsWithItsSentenceAlone() {
    var mistake = new IllegalArgumentException("data.table: x (expected: a table)");
    assertThatThrownBy(() -> onCluster(() -> fail(mistake)))
        .isInstanceOf(JobFailedException.class)
        .hasToString("job: data.table: x (expected: a table)")
        .satisfies(failed -> assertThat(failed.getStackTrace()).isEmpty());
    assertThatThrownBy(() -> onCluster(() -> fail(new IOException("disk full"))))
        .hasToString("job failed: java.io.IOException: disk full");
    assertThatThrownBy(() -> onCluster(() -> 0, "--nonsense"))
        .hasMessageStartingWith("job: ")
        .hasMessageContaining("--nonsense");
  }

  static List<Arguments> explained() {
    return List.of(
        arguments(
            new SparkException("Job 1 cancelled because SparkContext was shut down"),
            "stopped before its end: its application was stopped or killed; what it has finished is"
                + " kept, and the same command resumes from there"),
        arguments(
            new SparkException("Job 1 cancelled executors: 0 (expected: 2); wait longer"),
            "executors: 0 (expected: 2); wait longer"),
        arguments(
            new UncheckedIOException(new IOException("No space left on device")),
            "No space left on device; free some, or name a directory on another disk"),
        arguments(new BadCheckpointException("a.safetensors: damaged"), "a.safetensors: damaged"));
  }

  @ParameterizedTest
  @MethodSource("explained")
  void whatAUserCanDoSomethingAboutIsToldInASentence(Exception failure, String sentence) {
    assertThatThrownBy(() -> onCluster(() -> fail(failure))).hasToString("job: " + sentence);
  }

  @Test
  void sentenceOfATaskIsTheJobs() {
    var ofTask = new ExplainedException("GPU address: 0 (expected: a GPU that it sees)");
    var ofStage = new SparkException("Job aborted due to stage failure: Task 0", ofTask);
    assertThatThrownBy(() -> onCluster(() -> fail(ofStage)))
        .hasToString("job: GPU address: 0 (expected: a GPU that it sees)");
  }

  @Test
  void onAClusterAJobThatSucceedsReturns() {
    assertThatCode(() -> onCluster(() -> 0)).doesNotThrowAnyException();
  }

  @Test
  void whatPrintsIsRefusedWhereNobodySeesIt() {
    assertThatThrownBy(
            () ->
                onCluster(
                    () -> {
                      JobCommand.requireDriverHere();
                      return 0;
                    }))
        .hasMessageStartingWith("job: --deploy-mode: cluster (expected: client)");
    assertThatCode(JobCommand::requireDriverHere).doesNotThrowAnyException();
  }

  @Test
  void lettersThatWereLostBeforeJavaAreRefused() {
    List<String> ran = new ArrayList<>();
    var job =
        new Job(
            () -> {
              ran.add("job");
              return 0;
            });
    CommandLine commandLine = new CommandLine(job).setUnmatchedArgumentsAllowed(true);
    assertThatThrownBy(() -> JobCommand.run(commandLine, "run-dir=/runs/\uFFFD\uFFFD1"))
        .isInstanceOf(SparkUserAppException.class);
    assertThat(ran).isEmpty();
  }
}
