package org.ofaspark.jobs.finetune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.TaskFailureListener;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.data.Fields;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.jobs.OfaProperties;
import org.ofaspark.jobs.OutageWait;
import org.ofaspark.jobs.cluster.AssignedDevice;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.cluster.LogLines;
import org.ofaspark.jobs.cluster.LostDevice;
import org.ofaspark.jobs.cluster.LostExecutors;
import org.ofaspark.jobs.evaluate.Evaluation;
import org.ofaspark.jobs.evaluate.SplitScores;
import org.ofaspark.jobs.finetune.Retries.SegmentFailedException;
import org.ofaspark.jobs.preprocess.ExistingTable;
import org.ofaspark.jobs.preprocess.Preprocess;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.PredictionColumns;
import org.ofaspark.task.SplitScoring;
import org.ofaspark.task.caption.CaptionTask;

/**
 * What can go wrong in a run on four executors that are processes of their own, and that the run
 * ends all the same, with the same weights, or with a message that says why it cannot.
 */
@DisabledOnOs(OS.WINDOWS)
class FaultsTest {

  /** How many executors the test of random kills kills. */
  private static final int KILLS = Integer.getInteger("kills", 2);

  @TempDir private static Path folder;
  private static SparkSession spark;

  @BeforeAll
  static void start() throws IOException {
    spark = LocalSpark.startExecutors(4);
    spark
        .sparkContext()
        .hadoopConfiguration()
        .set("fs.failing.impl", FailingFileSystem.class.getName());
    spark
        .sparkContext()
        .hadoopConfiguration()
        .set(FailingFileSystem.FAILURES, folder.resolve("failures").toString());
    new Preprocess(spark, recipe("unused")).run(ExistingTable.REFUSE);
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static Recipe recipe(String run, String... overrides) {
    return NanoRecipe.of(new CaptionTask(), folder, run, overrides);
  }

  /**
   * Trains for a number of updates of four micro-batches, unless another test has: that run is only
   * looked at.
   */
  private static Manifest finetune(String run, int ranks, int updates, String... overrides)
      throws IOException {
    List<String> all = new ArrayList<>();
    all.add("train.max-epoch=1000");
    all.add("train.max-update=" + updates);
    all.add("train.global-batch=8");
    all.add("train.save-interval-updates=" + updates);
    all.add("train.validate-interval-updates=" + updates);
    all.addAll(List.of(overrides));
    return new Finetune(spark, recipe(run, all.toArray(String[]::new)), ranks).run();
  }

  private static CompletableFuture<Manifest> finetuneAsync(
      String run, int ranks, int updates, String... overrides) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return finetune(run, ranks, updates, overrides);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  private static Path checkpoint(String run, int update) {
    return folder.resolve("%s/checkpoints/update-%08d".formatted(run, update));
  }

  private static Map<String, float[]> weights(String run, int update) throws IOException {
    return RunWeights.read(checkpoint(run, update));
  }

  private static void await(Path file, CompletableFuture<?> unless) {
    while (!Files.exists(file) && !unless.isDone()) {
      LockSupport.parkNanos(20_000_000);
    }
    assertThat(file).exists();
  }

  private static void awaitText(Path file, CompletableFuture<?> unless) throws IOException {
    await(file, unless);
    while (Files.size(file) == 0 && !unless.isDone()) {
      LockSupport.parkNanos(20_000_000);
    }
  }

  private static List<ProcessHandle> java(ProcessHandle of) {
    return of.descendants()
        .filter(process -> process.info().command().orElse("").endsWith("/java"))
        .toList();
  }

  /** The only children of this process that are Java. */
  private static List<ProcessHandle> executors() {
    return java(ProcessHandle.current());
  }

  @Test
  void oneTwoAndFourRanksEndWithTheSameWeights() throws IOException {
    finetune("ranks-1", 1, 20);
    finetune("ranks-2", 2, 20);
    finetune("ranks-4", 4, 20);
    finetune("ranks-4-again", 4, 20);

    Map<String, float[]> one = weights("ranks-1", 20);
    for (String other : List.of("ranks-2", "ranks-4")) {
      assertThat(RunWeights.distanceOfParameters(weights(other, 20), one))
          .isLessThanOrEqualTo(1e-5);
      assertThat(RunWeights.distance(weights(other, 20), one)).isLessThanOrEqualTo(1e-4);
    }
    RunWeights.assertSame(weights("ranks-4-again", 20), weights("ranks-4", 20));
  }

  @Test
  void frozenRankIsFoundAndNamed() throws Exception {
    CompletableFuture<Manifest> training =
        finetuneAsync("frozen", 4, 60, "train.collective-timeout=3s", "train.max-failures=0");
    awaitText(folder.resolve("frozen/metrics/train-00000000.jsonl"), training); // in an update
    ProcessHandle frozen = executors().get(0);
    signal("STOP", frozen);
    long start = System.nanoTime();
    try {
      assertThatThrownBy(() -> training.get(5, TimeUnit.MINUTES))
          .isInstanceOf(ExecutionException.class)
          .cause()
          .isInstanceOf(SegmentFailedException.class)
          .hasMessageMatching(
              "(?s)training failed after update \\d+: rank \\d on \\S+, update \\d+, .*:"
                  + " .*rank \\d at \\S+:\\d+ has sent no heartbeat for PT3S;.*");
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
    } finally {
      frozen.destroyForcibly();
    }
  }

  @Test
  void othersLeaveSoonAfterARankIsKilledAndTrainingIsBack() throws Exception {
    var listener = new Failures();
    spark.sparkContext().addSparkListener(listener);
    Path metrics = folder.resolve("bereft/metrics/train-00000000.jsonl");
    var log = new LogLines(Retries.class);
    CompletableFuture<Manifest> training =
        finetuneAsync("bereft", 4, 40, "train.log-interval=1", "train.max-failures=1");
    awaitText(metrics, training); // in an update
    long killed = System.currentTimeMillis();
    assertThat(executors().get(0).destroyForcibly()).isTrue();
    while (listener.since(killed).size() < 4 && !training.isDone()) {
      LockSupport.parkNanos(20_000_000);
    }
    long back = System.nanoTime();
    while (Files.getLastModifiedTime(metrics).toMillis() < killed + 2_000 && !training.isDone()) {
      LockSupport.parkNanos(20_000_000);
    }
    awaitText(metrics, training); // written anew by the next attempt
    long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - back);
    training.get(5, TimeUnit.MINUTES);
    spark.sparkContext().removeSparkListener(listener);
    log.close();
    assertThat(log.lines())
        .anySatisfy(
            line ->
                assertThat(line)
                    .containsPattern( // a rank tells it first, or Spark does
                        "(?s)^WARN Failure 1 of at most 1 without a new checkpoint: (rank .*; )?"
                            + "executor \\d+.*, rank \\d, is gone: .*137"));

    System.out.printf(
        "after kill -9 tasks end in %s ms; training is back in %d s%n",
        listener.since(killed).stream().map(end -> end.time() - killed).toList(), seconds);
    assertThat(listener.since(killed))
        .hasSize(4) // with the one that was killed
        .allSatisfy(end -> assertThat(end.time() - killed).isLessThanOrEqualTo(2_000))
        .anySatisfy( // by itself, or because Spark was faster
            end -> assertThat(end.reason()).containsPattern("rank \\d at \\S+ is lost|Killed"));
    assertThat(seconds).isLessThanOrEqualTo(60); // about 25, of which a JVM's start is the most
  }

  /** Tasks that have failed. */
  private static final class Failures extends SparkListener {
    private final Queue<End> ends = new ConcurrentLinkedQueue<>();

    /** When, in milliseconds, and why. */
    private record End(long time, String reason) {}

    @Override
    public void onTaskEnd(SparkListenerTaskEnd end) {
      if (!end.taskInfo().successful()) {
        ends.add(new End(end.taskInfo().finishTime(), end.reason().toString()));
      }
    }

    List<End> since(long time) {
      return ends.stream().filter(end -> end.time() >= time).toList();
    }
  }

  private static void signal(String name, ProcessHandle process)
      throws IOException, InterruptedException {
    var kill = new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid())).start();
    assertThat(kill.waitFor()).isZero();
  }

  @Test
  void exampleThatCannotBeDecodedEndsTheRunAndIsNamed() throws IOException {
    String table = recipe("unused").table().table();
    Path broken = folder.resolve("table-broken");
    copy(Path.of(table), broken);
    Dataset<Row> examples = ExampleTable.read(spark, table + "/train");
    int image = examples.schema().fieldIndex("image");
    List<Row> rows = new ArrayList<>();
    for (Row row : examples.orderBy("example_id").collectAsList()) {
      Object[] values = new Object[row.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = i == image && rows.isEmpty() ? new byte[] {1, 2, 3} : row.get(i);
      }
      rows.add(RowFactory.create(values));
    }
    ExampleTable.write(spark.createDataFrame(rows, examples.schema()), broken + "/train");
    String name = rows.get(0).getString(0);

    assertThatThrownBy(
            () ->
                finetune(
                    "undecodable",
                    2,
                    20,
                    "data.table=\"%s\"".formatted(broken),
                    "train.max-failures=0"))
        .isInstanceOf(SegmentFailedException.class)
        .hasMessageMatching("(?s)training failed after update 0: rank \\d on \\S+, .*")
        .hasMessageContaining("example " + name);
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else if (!from.relativize(file).startsWith("train")) {
          Files.copy(file, target);
        }
      }
    }
    Files.delete(to.resolve("train"));
  }

  @Test
  void checkpointThatCannotBeWrittenThreeTimesIsWrittenTheFourth() throws IOException {
    finetune("undisturbed-4", 2, 4);
    Path failures = Files.createDirectories(folder.resolve("failures"));
    for (int i = 1; i <= 3; i++) {
      Files.createFile(failures.resolve(String.valueOf(i)));
    }
    String run = "run-dir=\"failing://%s\"".formatted(folder.resolve("written-late"));

    Manifest last = finetune("written-late", 2, 4, run, "train.max-failures=3");

    assertThat(failures).isEmptyDirectory();
    assertThat(last.updateNumber()).isEqualTo(4);
    RunWeights.assertSame(weights("written-late", 4), weights("undisturbed-4", 4));
  }

  @Test
  @Timeout(300)
  void rankThatLivesAndGetsNowhereIsNamedAndReplaced() throws IOException {
    Files.createFile(folder.resolve("failures-hang"));
    spark.sparkContext().conf().set(OfaProperties.STUCK_TIMEOUT, "5s");
    try (var log = new LogLines(Retries.class)) {
      String run = "run-dir=\"failing://%s\"".formatted(folder.resolve("unstuck"));
      Manifest last = finetune("unstuck", 2, 4, run, "train.max-failures=1");

      assertThat(last.updateNumber()).isEqualTo(4);
      assertThat(log.lines())
          .singleElement()
          .asString()
          .containsPattern(
              "rank \\d on \\S+, update 4, writing the checkpoint: .*this rank lives, but has got"
                  + " nowhere for 5 s \\(spark.ofa.stuck-timeout\\); it is at .*FailingFileSystem")
          .containsPattern("executor \\d+.*, rank \\d, is gone: .*75");
    } finally {
      spark.sparkContext().conf().remove(OfaProperties.STUCK_TIMEOUT);
    }
  }

  @Test
  void outageOfTheFileSystemIsWaitedForAndIsNoFailure() throws Exception {
    Path outage = folder.resolve("failures-outage");
    CompletableFuture<Manifest> training;
    try (var log = new LogLines(OutageWait.class)) {
      training =
          finetuneAsync(
              "outlived",
              2,
              12,
              "run-dir=\"failing://%s\"".formatted(folder.resolve("outlived")),
              "train.save-interval-updates=4",
              "train.max-failures=0");
      await(checkpoint("outlived", 4).resolve(Manifest.FILE), training);
      Files.createFile(outage);
      while (log.lines().isEmpty() && !training.isDone()) {
        LockSupport.parkNanos(20_000_000);
      }
      Files.delete(outage);
      assertThat(training.get(5, TimeUnit.MINUTES).updateNumber()).isEqualTo(12);
      assertThat(log.lines())
          .anySatisfy(
              line ->
                  assertThat(line)
                      .startsWith(
                          "WARN Waiting for the file system for 0 s (at most 600, spark.ofa")
                      .contains("takes no writes: the name node is away"))
          .contains("INFO The file system answers again");
    }
  }

  @Test
  void executorThatHasLostItsGpuEndsAndTrainingIsBack() throws IOException {
    finetune("undisturbed-4", 2, 4);
    Path failures = Files.createDirectories(folder.resolve("failures"));
    Path lost = Files.createFile(failures.resolve(FailingFileSystem.DEVICE));
    List<Long> before = executors().stream().map(ProcessHandle::pid).toList();
    String run = "run-dir=\"failing://%s\"".formatted(folder.resolve("without"));
    try (var log = new LogLines(Retries.class)) {
      finetune("without", 2, 4, run, "train.max-failures=1");

      assertThat(lost).doesNotExist();
      assertThat(log.lines())
          .singleElement()
          .asString()
          .containsPattern(
              "Failure 1 of at most 1 without a new checkpoint: rank 0 on .*, writing the"
                  + " checkpoint: .*device-side assert triggered");
    }
    assertThat(before).anyMatch(pid -> ProcessHandle.of(pid).isEmpty());
    RunWeights.assertSame(weights("without", 4), weights("undisturbed-4", 4));
  }

  @Test
  void evaluationWhoseExecutorHasLostItsGpuIsDoneByAnother() throws IOException {
    finetune("evaluated", 1, 1);
    var files = new HadoopFiles(spark.sparkContext().hadoopConfiguration());
    Recipe recipe = recipe("evaluated", "evaluate.batch-size=2");
    String weights = checkpoint("evaluated", 1).toString();
    var evaluation =
        new Evaluation(spark, files, recipe, Vocabulary.read(files, recipe.table().table()));
    Path failures = Files.createDirectories(folder.resolve("failures"));
    try (Evaluation.Outcome expected = evaluation.run("val", weights);
        var lost = new LostExecutors(spark.sparkContext())) {
      Path gpu = Files.createFile(failures.resolve(FailingFileSystem.DEVICE));

      try (Evaluation.Outcome outcome =
          evaluation.resume("val", weights, "failing://" + folder.resolve("answers"))) {
        assertThat(gpu).doesNotExist();
        assertThat(answers(outcome)).hasSize(8).isEqualTo(answers(expected));
        assertThat(outcome.metrics()).isEqualTo(expected.metrics());
      }
      assertThat(lost.text(Map.of(), Duration.ofSeconds(20)))
          .matches("executor \\d+ is gone: Command exited with code 70");
    }
  }

  @Test
  void scoresAreMadeThoughCountsGoWithAnExecutor() throws IOException {
    Dataset<Row> predictions =
        spark.createDataFrame(
            new JavaSparkContext(spark.sparkContext())
                .parallelize(Collections.nCopies(16, unlabelled()), 16),
            PredictionTable.schema(new CaptionTask()));

    Dataset<Row> scored =
        SplitScores.of(
            spark, new CaptionTask(), new DisturbedScoring(folder.toString()), predictions);

    assertThat(folder.resolve("disturbed")).exists();
    assertThat(scored.collectAsList()).hasSize(16);
    scored.unpersist();
  }

  private static Row unlabelled() {
    Fields fields =
        Fields.builder()
            .put(PredictionColumns.EXAMPLE_ID, "1")
            .put(PredictionColumns.IMAGE_ID, "1")
            .put(PredictionColumns.TEXT, "")
            .put(CaptionTask.REFERENCES, List.of())
            .build();
    return PredictionTable.toRow(new CaptionTask(), fields);
  }

  /** Counts, whose first part to be put together ends the processes that have made others. */
  private record DisturbedScoring(String folder) implements SplitScoring<Long, Long, Long> {

    @Override
    public Set<String> missing() {
      return Set.of();
    }

    @Override
    public Long prepare(Fields prediction) {
      return 1L;
    }

    @Override
    public List<Long> count(Iterator<Long> examples, int parts) {
      long process = ProcessHandle.current().pid();
      try {
        Files.write(Path.of(folder, "counted-by-" + process), new byte[0]);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return Collections.nCopies(parts, 1L);
    }

    @Override
    public Long join(Iterator<Long> part) {
      try {
        Files.createFile(Path.of(folder, "disturbed"));
        endOthers();
      } catch (FileAlreadyExistsException e) {
        // another part has done it
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      long sum = 0;
      while (part.hasNext()) {
        sum += part.next();
      }
      return sum;
    }

    private void endOthers() throws IOException {
      String self = "counted-by-" + ProcessHandle.current().pid();
      try (Stream<Path> processes = Files.list(Path.of(folder))) {
        processes
            .map(file -> file.getFileName().toString())
            .filter(name -> name.startsWith("counted-by-") && !name.equals(self))
            .forEach(
                name ->
                    ProcessHandle.of(Long.parseLong(name.substring("counted-by-".length())))
                        .ifPresent(ProcessHandle::destroyForcibly));
      }
    }

    @Override
    public Long join(Long one, Long other) {
      return one + other;
    }

    @Override
    public Scorer<Long> scorer(Long counts) {
      if (counts != 16 * 16) {
        throw new IllegalArgumentException("counts: " + counts + " (expected: 256)");
      }
      return (example, prediction) -> prediction;
    }
  }

  private static List<String> answers(Evaluation.Outcome outcome) {
    return outcome.predictions().toJSON().collectAsList().stream().sorted().toList();
  }

  @Test
  void tasksWhoseExecutorHasLostItsGpuAreDoneByOthers() throws IOException {
    Path marker = folder.resolve("lost-by");

    List<Long> done =
        new JavaSparkContext(spark.sparkContext())
            .parallelize(Collections.nCopies(24, marker.toString()), 24)
            .map(FaultsTest::losesItsGpuOnce)
            .collect();

    long lostBy = Long.parseLong(Files.readString(marker));
    assertThat(done).hasSize(24).doesNotContain(lostBy); // though it is offered more of them
    long start = System.nanoTime();
    while (ProcessHandle.of(lostBy).isPresent() && System.nanoTime() - start < 20_000_000_000L) {
      LockSupport.parkNanos(20_000_000);
    }
    assertThat(ProcessHandle.of(lostBy)).isEmpty();
  }

  /** Returns the process; the first to come fails as tasks of a model do. */
  private static long losesItsGpuOnce(String marker) throws IOException {
    TaskContext task = TaskContext.get();
    task.addTaskFailureListener(
        (TaskFailureListener) (ended, failure) -> LostDevice.endSoonFor(failure));
    Device device = AssignedDevice.of(task);
    long process = ProcessHandle.current().pid();
    try {
      Files.createFile(Path.of(marker));
    } catch (FileAlreadyExistsException e) {
      LockSupport.parkNanos(100_000_000);
      return process;
    }
    Files.writeString(Path.of(marker), String.valueOf(process));
    throw new EngineException(device + ": CUDA error: an illegal memory access was encountered");
  }

  @Test
  void runWhoseDriverIsKilledGoesOnWhenItIsSubmittedAgain() throws Exception {
    finetune("undisturbed", 2, 12);
    String[] often = {"train.save-interval-updates=2", "train.max-failures=0"};
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> !argument.startsWith("-javaagent"))
        .forEach(command::add);
    command.add("-Dgolden.dir=" + System.getProperty("golden.dir", ""));
    command.addAll(List.of("-cp", classPath(), Driver.class.getName(), folder.toString()));
    command.addAll(List.of(often));
    Process driver =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("driver.log").toFile())
            .start();
    Path fourth = checkpoint("resubmitted", 4).resolve(Manifest.FILE);
    await(fourth, driver.onExit());
    List<ProcessHandle> orphans = java(driver.toHandle());
    driver.destroyForcibly().waitFor();
    assertThat(orphans).isNotEmpty();
    for (ProcessHandle orphan : orphans) {
      assertEnds(orphan);
    }

    Path first = folder.resolve("resubmitted/metrics/train-00000000.jsonl");
    FileTime written = Files.getLastModifiedTime(first);

    Manifest last = finetune("resubmitted", 2, 12, often);

    assertThat(last.updateNumber()).isEqualTo(12);
    assertThat(Files.getLastModifiedTime(first)).isEqualTo(written); // not from the start
    RunWeights.assertSame(weights("resubmitted", 12), weights("undisturbed", 12));
  }

  private static void assertEnds(ProcessHandle process) throws Exception {
    try {
      process.onExit().get(1, TimeUnit.MINUTES);
    } catch (TimeoutException e) {
      process.destroyForcibly();
      throw new AssertionError("an executor has outlived its driver by a minute", e);
    }
  }

  private static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }

  /** A process that trains with executors of its own. */
  static final class Driver {
    private Driver() {}

    public static void main(String[] args) throws IOException {
      folder = Path.of(args[0]);
      spark = LocalSpark.startExecutors(2);
      finetune("resubmitted", 2, 12, List.of(args).subList(1, args.length).toArray(String[]::new));
    }
  }

  @Test
  void runWhoseExecutorsAreKilledAtRandomEndsAsOneThatIsNot() throws Exception {
    int updates = 6 * KILLS;
    finetune("spared", 4, updates);
    CompletableFuture<Manifest> training =
        finetuneAsync(
            "killed",
            4,
            updates,
            "train.save-interval-updates=1",
            "train.max-failures=" + 4 * KILLS);
    var random = new Random(7);
    for (int kill = 1; kill <= KILLS; kill++) {
      await(checkpoint("killed", 5 * kill - random.nextInt(4)), training);
      List<ProcessHandle> alive = executors();
      assertThat(alive.get(random.nextInt(alive.size())).destroyForcibly()).isTrue();
    }

    Manifest last = training.get(2L * KILLS, TimeUnit.MINUTES);

    assertThat(last.updateNumber()).isEqualTo(updates);
    RunWeights.assertSame(weights("killed", updates), weights("spared", updates));
  }
}
