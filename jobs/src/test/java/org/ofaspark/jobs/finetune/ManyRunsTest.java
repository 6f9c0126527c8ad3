package org.ofaspark.jobs.finetune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.management.UnixOperatingSystemMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.jobs.cluster.FailureKind.NonFiniteException;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.cluster.LogLines;
import org.ofaspark.jobs.finetune.Retries.SegmentFailedException;
import org.ofaspark.jobs.preprocess.ExistingTable;
import org.ofaspark.jobs.preprocess.Preprocess;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.jobs.storage.TakenOverFileSystem;
import org.ofaspark.jobs.storage.WriterLock;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.caption.CaptionTask;

/** Runs of one session after each other and at the same time, as a notebook or a server has. */
class ManyRunsTest {

  private static final int FIRST = 3;
  private static final int MORE = 12;
  private static final int MOST_LOOKS = 30;

  /** They grow to a limit as they are used. */
  private static final String POOLS_OF_SPARK =
      "(broadcast-exchange-|QueryStageCreator-|block-manager-|Executor task launch).*";

  @TempDir private static Path folder;
  private static SparkSession spark;

  @BeforeAll
  static void start() throws IOException {
    spark =
        LocalSpark.builder("local[4]")
            .config("spark.local.dir", folder.resolve("local").toString())
            .config("spark.cleaner.periodicGC.interval", "1h") // the test collects itself
            .getOrCreate();
    new Preprocess(spark, recipe("unused")).run(ExistingTable.REFUSE);
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static final String[] HOPELESS = {
    "optimizer.lr=100",
    "optimizer.weight-decay=1e30",
    "train.validate-interval-updates=20",
    "optimizer.warmup-ratio=0",
    "train.max-epoch=1000",
    "train.max-update=20",
    "train.save-interval-updates=20"
  };

  private static Recipe recipe(String run, String... overrides) {
    List<String> all = new ArrayList<>(List.of("train.save-interval-updates=2"));
    all.addAll(List.of(overrides));
    return NanoRecipe.of(new CaptionTask(), folder, run, all.toArray(String[]::new));
  }

  /** Trains four updates in two segments, with a validation. */
  private static void finetune(String run) {
    try {
      new Finetune(spark, recipe(run), 2).run();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Map<String, float[]> weights(String run) throws IOException {
    return RunWeights.read(folder.resolve(run).resolve("checkpoints/update-00000004"));
  }

  /** What a run may leave behind. */
  private record Left(long descriptors, Map<String, Long> threads, long files, int tables) {

    /** Looks until what Spark cleans up behind itself stays as it is. */
    static Left settled() throws IOException {
      Left before = now();
      for (int look = 0; look < MOST_LOOKS; look++) {
        LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
        Left now = now();
        if (now.equals(before)) {
          break;
        }
        before = now;
      }
      return before;
    }

    private static Left now() throws IOException {
      System.gc(); // Spark frees what is no longer reachable
      Map<String, Long> threads =
          Thread.getAllStackTraces().keySet().stream()
              .map(thread -> thread.getName().replaceAll("\\d+", "N"))
              .filter(name -> !name.matches(POOLS_OF_SPARK))
              .collect(Collectors.groupingBy(name -> name, TreeMap::new, Collectors.counting()));
      var files = new AtomicLong();
      Files.walkFileTree(
          folder.resolve("local"),
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              files.incrementAndGet();
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException gone) {
              return FileVisitResult.CONTINUE;
            }
          });
      return new Left(
          ManagementFactory.getPlatformMXBean(UnixOperatingSystemMXBean.class)
              .getOpenFileDescriptorCount(),
          threads,
          files.get(),
          spark.sparkContext().getPersistentRDDs().size());
    }

    long threadCount() {
      return threads.values().stream().mapToLong(Long::longValue).sum();
    }
  }

  @Test
  void runsOfOneSessionLeaveNothingBehind() throws Exception {
    assumeThat(ManagementFactory.getOperatingSystemMXBean())
        .isInstanceOf(UnixOperatingSystemMXBean.class);
    for (int run = 0; run < FIRST; run++) {
      finetune("first-" + run);
    }
    Left before = Left.settled();
    for (int run = 0; run < MORE; run++) {
      finetune("more-" + run);
    }
    Left after = Left.settled();

    assertThat(after.descriptors()).isLessThanOrEqualTo(before.descriptors() + 5);
    assertThat(after.threadCount())
        .as("%s, and before %s", after.threads(), before.threads())
        .isLessThanOrEqualTo(before.threadCount() + 2);
    assertThat(after.files()).isLessThanOrEqualTo(before.files() + 5);
    assertThat(after.tables()).isEqualTo(before.tables());
    assertThat(StateCache.count()).isZero();
  }

  @Test
  void runThatAnotherProcessHasTakenOverCommitsNothingAndEnds() throws IOException {
    Path directory = folder.resolve("taken");
    TakenOverFileSystem.settings("model.safetensors", directory.resolve(".lock"))
        .forEach(spark.sparkContext().hadoopConfiguration()::set);
    Recipe recipe = recipe("taken", "run-dir=\"taken://%s\"".formatted(directory));

    assertThatThrownBy(() -> new Finetune(spark, recipe, 2).run())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageMatching(
            "run-dir: taken:\\S+/taken: another process has taken over \\(expected: one writer at"
                + " a time\\), process 7 on elsewhere, since then; this one writes no more");
    assertThat(directory.resolve("checkpoints")).isEmptyDirectory();
    assertThat(directory.resolve(".lock")).as("the other's").exists();
  }

  @Test
  void numbersThatAreNotFiniteEndARunAtOnce() {
    try (var log = new LogLines(Retries.class)) {
      assertThatThrownBy(() -> new Finetune(spark, recipe("hopeless", HOPELESS), 2).run())
          .isInstanceOf(SegmentFailedException.class)
          .hasMessageMatching(
              "training failed after update 0: rank [01] on \\S+, update \\d+, training: .*update"
                  + " \\d+: gradient not finite 5 times in a row \\(expected: finite\\); try a"
                  + " lower optimizer.lr or a longer optimizer.warmup-ratio")
          .cause()
          .isInstanceOf(NonFiniteException.class) // what the ranks have returned
          .hasMessageContaining("gradient not finite 5 times in a row");
      assertThat(log.lines()).isEmpty();
    }
  }

  @Test
  void runsAtTheSameTimeEndAsIfAlone() throws Exception {
    finetune("alone");
    List<CompletableFuture<Void>> both =
        Stream.of("one", "other")
            .map(
                run ->
                    CompletableFuture.runAsync(
                        () -> finetune(run), task -> new Thread(task).start()))
            .toList();
    for (CompletableFuture<Void> run : both) {
      run.get(5, TimeUnit.MINUTES);
    }
    RunWeights.assertSame(weights("one"), weights("alone"));
    RunWeights.assertSame(weights("other"), weights("alone"));
  }

  @Test
  void secondRunInADirectoryIsRefusedWhileTheFirstTrains() throws IOException {
    var files = new HadoopFiles(new Configuration());
    var run = new RunDirectory(files, folder.resolve("used").toString());
    try (var first = WriterLock.take(files, "run-dir", run.path(), run.lock())) {
      assertThatThrownBy(() -> new Finetune(spark, recipe("used"), 2).run())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith(
              "run-dir: %s: written to by process %d on ",
              run.path(), ProcessHandle.current().pid())
          .hasMessageContaining(", since 2")
          .hasMessageContaining(", as %s says (expected: one writer at a time)", run.lock());
      first.requireHeld();
      assertThat(run.checkpoints()).isEmpty();
    }

    finetune("used");
    assertThat(run.checkpoints()).isNotEmpty();
    assertThat(files.exists(run.lock())).isFalse();
  }
}
