package org.ofaspark.jobs.finetune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;
import org.apache.spark.SparkException;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.jobs.OutageWait;
import org.ofaspark.jobs.cluster.FailureKind;
import org.ofaspark.jobs.cluster.FailureKind.NonFiniteException;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.cluster.LogLines;
import org.ofaspark.jobs.cluster.LostExecutors;
import org.ofaspark.jobs.cluster.RankId;
import org.ofaspark.jobs.cluster.RankMonitor;
import org.ofaspark.jobs.cluster.RankReporter;
import org.ofaspark.jobs.finetune.Retries.SegmentFailedException;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.OnlyAttempt;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.jobs.storage.WriterLock;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.caption.CaptionTask;

class RetriesTest {

  private static SparkSession spark;

  @TempDir private Path folder;
  private RankMonitor monitor;
  private LostExecutors lost;
  private WriterLock writer;
  private RunDirectory run;

  @BeforeAll
  static void start() {
    spark = LocalSpark.start("local[1]");
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  @BeforeEach
  void listen() throws IOException {
    monitor = new RankMonitor(line -> {});
    lost = new LostExecutors(spark.sparkContext());
    run = new RunDirectory(files(), folder.resolve("run").toString());
    writer = WriterLock.take(files(), "run-dir", run.path(), run.lock());
  }

  @AfterEach
  void listenNoMore() {
    writer.close();
    lost.close();
    monitor.close();
  }

  private static HadoopFiles files() {
    return new HadoopFiles(new Configuration());
  }

  private Retries retries(int maxFailures) {
    return retries(maxFailures, files());
  }

  private Retries retries(int maxFailures, HadoopFiles files) {
    monitor.listenTo(null);
    lost.forget();
    Recipe recipe =
        NanoRecipe.of(new CaptionTask(), folder, "run", "train.max-failures=" + maxFailures);
    var checkpoints = new Checkpoints(run, files, recipe.train());
    var context = new RunContext(spark, files, run, checkpoints, recipe);
    return new Retries(context, writer, monitor, lost);
  }

  private static Manifest checkpoint(long update) {
    return new Manifest(Manifest.VERSION, update, 1, 1, 1, 0, 1, 0, List.of(), Map.of());
  }

  @Test
  void failuresAreCountedSinceTheLastNewCheckpoint() {
    Retries retries = retries(1);
    var failure = new SparkException("a task failed");
    for (int update = 1; update <= 3; update++) {
      retries.failed("training", checkpoint(update - 1), failure);
      retries.succeeded(checkpoint(update));
    }
    retries.failed("training", checkpoint(3), failure);
    retries.succeeded(checkpoint(3)); // no newer one
    assertThatThrownBy(() -> retries.failed("training", checkpoint(3), failure))
        .isInstanceOf(SegmentFailedException.class)
        .hasMessage("training failed after update 3: a task failed");
  }

  @Test
  void outagesAreNoFailuresAndEndAfterTheirTime() throws IOException {
    Retries retries = retries(0);
    var outage = new SparkException("task failed", new ConnectException("refused"));
    try (var log = new LogLines(OutageWait.class)) {
      retries.failed("training", null, outage);
      retries.failed("training", null, outage);
      retries.succeeded(checkpoint(1));
      retries.failed("validation", checkpoint(1), outage);
      assertThat(log.lines())
          .hasSize(3)
          .contains("INFO The file system answers again")
          .first()
          .asString()
          .startsWith(
              "WARN Waiting for the file system for 0 s (at most 600, spark.ofa.outage-wait)")
          .endsWith("training resumes from update 0");
    }
    spark.sparkContext().conf().set("spark.ofa.outage-wait", "1ms");
    try {
      assertThatThrownBy(() -> retries(0).failed("training", checkpoint(7), outage))
          .isInstanceOf(SegmentFailedException.class)
          .hasMessageStartingWith("training failed after update 7: the file system does not answer")
          .hasMessageEndingWith("spark.ofa.outage-wait); the same command resumes from there");
    } finally {
      spark.sparkContext().conf().remove("spark.ofa.outage-wait");
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = FailureKind.class,
      names = {"SETTINGS", "NON_FINITE"})
  void whatFailsTheSameWayAgainIsNotTriedAgain(FailureKind kind) {
    assertThatThrownBy(() -> failOnARank(kind))
        .isInstanceOf(SegmentFailedException.class)
        .hasMessageMatching("(?s)training failed after update 0: rank 1 on .*: a: 1");
  }

  @ParameterizedTest
  @EnumSource(
      value = FailureKind.class,
      mode = Mode.EXCLUDE,
      names = {"SETTINGS", "NON_FINITE"})
  void otherFailuresOfRanksAreTriedAgain(FailureKind kind) {
    assertThatCode(() -> failOnARank(kind)).doesNotThrowAnyException();
  }

  private void failOnARank(FailureKind kind) {
    Retries retries = retries(3);
    reportOfARank(kind, new IllegalStateException("a: 1"));
    retries.failed("training", null, new SparkException("Job aborted"));
  }

  private void reportOfARank(FailureKind kind, Exception cause) {
    var rank = new RankId(UUID.randomUUID(), 1, 2);
    monitor.listenTo(rank.group());
    try (var reporter = new RankReporter(monitor.address(), rank)) {
      reporter.failure(5, "training", kind, cause);
    }
  }

  /** Commits two checkpoints, of which the second is not as it was written. */
  private void damageTheSecondCheckpoint() throws IOException {
    OnlyAttempt.commit(run, checkpoint(1));
    OnlyAttempt.commit(run, checkpoint(2));
    files().writeText(run.checkpoint(2) + "/" + Manifest.FILE, "{");
  }

  @Test
  void runResumesFromAnOlderCheckpointWhereARankReportsDamage() throws IOException {
    damageTheSecondCheckpoint();
    Optional<Manifest> at =
        retries(0)
            .run(
                "training",
                checkpoint(2),
                () -> {
                  reportOfARank(FailureKind.DAMAGE, new IllegalStateException("any"));
                  throw new SparkException("Job aborted");
                });
    assertThat(at).contains(run.manifest(1));
    assertThat(run.checkpoints()).containsExactly(1L);
  }

  /** As where no report of a rank gets through. */
  @Test
  void checkpointIsVerifiedWhereAStageFailsWithoutAReport() throws IOException {
    damageTheSecondCheckpoint();
    Optional<Manifest> at =
        retries(0)
            .run(
                "training",
                checkpoint(2),
                () -> {
                  throw new SparkException("Job aborted");
                });
    assertThat(at).contains(run.manifest(1));
  }

  @Test
  void textOfAFailureDoesNotDecide() throws IOException {
    damageTheSecondCheckpoint();
    var attempts = new AtomicInteger();
    Optional<Manifest> at =
        retries(1)
            .run(
                "training",
                checkpoint(2),
                () -> {
                  if (attempts.getAndIncrement() > 0) {
                    return checkpoint(3);
                  }
                  var text = "caused by org.apache.hadoop.fs.ChecksumException";
                  reportOfARank(FailureKind.OTHER, new IllegalStateException(text));
                  throw new SparkException("Job aborted: " + text);
                });
    assertThat(at).contains(checkpoint(3));
    assertThat(run.checkpoints()).containsExactly(1L, 2L); // none has been set aside
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Job 1 cancelled because SparkContext was shut down | its application was stopped or"
            + " killed",
        "Job 2 cancelled part of cancelled job group ofa-train | its Spark job was cancelled",
        "Job 2 cancelled because killed via the Web UI | its Spark job was cancelled"
      })
  void workThatSomebodyHasEndedIsNotTriedAgain(String error, String reason) {
    assertThatThrownBy(
            () -> retries(3).failed("training", checkpoint(4), new SparkException(error)))
        .isInstanceOf(SegmentFailedException.class)
        .hasMessage(
            "training stopped after update 4: %s; kept: %s; the same command resumes from there",
            reason, run.checkpoint(4));
  }

  @Test
  void outageIsCountedAnewOnceThereIsACheckpoint() throws Exception {
    var outage = new SparkException("task failed", new ConnectException("refused"));
    spark.sparkContext().conf().set("spark.ofa.outage-wait", "1s");
    try {
      Retries back = retries(0);
      Retries away = retries(0);
      back.failed("training", null, outage);
      away.failed("training", null, outage);
      TimeUnit.MILLISECONDS.sleep(1_100);
      back.succeeded(checkpoint(1));

      back.failed("training", checkpoint(1), outage);
      assertThatThrownBy(() -> away.failed("training", null, outage))
          .isInstanceOf(SegmentFailedException.class)
          .hasMessageContaining("(for 1 s, spark.ofa.outage-wait)");
    } finally {
      spark.sparkContext().conf().remove("spark.ofa.outage-wait");
    }
  }

  @Test
  void applicationThatEndsDuringAnOutageWaitsNoLonger() throws IOException {
    var configuration = new Configuration();
    configuration.setClass("fs.file.impl", Away.class, FileSystem.class);
    configuration.setBoolean("fs.file.impl.disable.cache", true);
    var files = new HadoopFiles(configuration);
    Retries retries = retries(3, files);
    spark.sparkContext().conf().set("spark.ofa.outage-wait", "5s");
    try {
      assertThatThrownBy(() -> retries.failed("training", null, new ConnectException("refused")))
          .isInstanceOf(SegmentFailedException.class)
          .hasMessage(
              "training stopped after update 0: its application was stopped or killed; kept: no"
                  + " checkpoint yet; the same command resumes from there");
      assertThatThrownBy(() -> retries.failed("training", null, new SparkException("any")))
          .hasMessageStartingWith("training stopped after update 0: its application was stopped");
    } finally {
      spark.stop();
      start();
    }
  }

  /** Local files that cannot be written, whose application ends when that is tried. */
  public static final class Away extends RawLocalFileSystem {
    @Override
    public FSDataOutputStream create(
        org.apache.hadoop.fs.Path file,
        boolean overwrite,
        int bufferSize,
        short replication,
        long blockSize,
        Progressable progress)
        throws IOException {
      spark.stop();
      throw new ConnectException("the name node is away");
    }
  }

  @Test
  void jobThatNoExecutorHasWorkedAtEndsTheRunWithItsReason() {
    var waited = new SparkException("Job 3 cancelled executors: 0 (expected: 2); wait longer");
    assertThatThrownBy(() -> retries(3).failed("training", null, waited))
        .isInstanceOf(SegmentFailedException.class)
        .hasMessage("training: executors: 0 (expected: 2); wait longer");
  }

  /** As where no report of a rank gets through. */
  @Test
  void numbersThatAreNotFiniteAreNotTriedAgain() {
    assertThatThrownBy(
            () -> retries(3).failed("training", null, new NonFiniteException("update 5: lower")))
        .isInstanceOf(SegmentFailedException.class)
        .hasMessage("training failed after update 0: update 5: lower");
  }

  @Test
  void settingsOfTheDriverStayWhatTheyAre() {
    var setting = new IllegalArgumentException("a: 1 (expected: 2)");
    assertThatThrownBy(() -> retries(3).failed("training", null, setting)).isSameAs(setting);
  }
}
