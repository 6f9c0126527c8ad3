package org.ofaspark.jobs.finetune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.LongStream;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.collective.Collective;
import org.ofaspark.collective.WireFormat;
import org.ofaspark.data.EpochOrder;
import org.ofaspark.golden.GoldenParallelRun;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.jobs.OfaProperties;
import org.ofaspark.jobs.cluster.BarrierStage;
import org.ofaspark.jobs.cluster.ExecutorWait;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.cluster.LogLines;
import org.ofaspark.jobs.cluster.RankId;
import org.ofaspark.jobs.cluster.SparkCollective;
import org.ofaspark.jobs.preprocess.ExistingTable;
import org.ofaspark.jobs.preprocess.Preprocess;
import org.ofaspark.jobs.ranking.RankingSummary;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.optim.PolynomialDecay;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.caption.CaptionTask;

/** Fine-tuning on executors that are processes of their own, with encryption among them. */
class ExecutorProcessesTest {

  @TempDir private static Path folder;
  private static SparkSession spark;

  @BeforeAll
  static void start() throws IOException {
    spark = LocalSpark.startSecureExecutors(2);
    new Preprocess(spark, recipe("unused")).run(ExistingTable.REFUSE);
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  static List<String> goldenRuns() {
    return GoldenParallelRun.names();
  }

  @ParameterizedTest
  @MethodSource("goldenRuns")
  void twoExecutorsEqualUpstreamsTwoProcesses(String name) {
    List<Long> processes =
        BarrierStage.collect(
            new JavaSparkContext(spark.sparkContext()).parallelize(List.of(0, 1), 2),
            new GoldenRank(name, UUID.randomUUID()),
            Long.class);

    assertThat(processes).doesNotHaveDuplicates().doesNotContain(ProcessHandle.current().pid());
  }

  /** One rank of upstream's run; returns its process. */
  private record GoldenRank(String name, UUID group)
      implements FlatMapFunction<Iterator<Integer>, Long> {

    @Override
    public Iterator<Long> call(Iterator<Integer> input) {
      BarrierTaskContext task = BarrierTaskContext.get();
      try (Collective ranks =
          new SparkCollective(
              new RankId(group, task.partitionId(), 2),
              task::allGather,
              WireFormat.FP32,
              Duration.ofMinutes(1),
              task::isInterrupted)) {
        GoldenParallelRun.assertRank(ranks, name);
        ranks.allReduce(0); // nobody leaves before the other is done
      }
      return List.of(ProcessHandle.current().pid()).iterator();
    }
  }

  @Test
  void tasksRunOnTheExecutorsThatTheyAskFor() {
    JavaRDD<Integer> input =
        new JavaSparkContext(spark.sparkContext()).parallelize(List.of(0, 1), 2);
    var places = new ArrayList<>(BarrierStage.collect(input, new Place(), String.class));
    assertThat(places).doesNotHaveDuplicates();
    for (int i = 0; i < 3; i++) { // Spark deals tasks out at random
      Collections.reverse(places);
      assertThat(BarrierStage.collect(input, places, new Place(), String.class)).isEqualTo(places);
    }
  }

  /** Tells where its task runs. */
  private record Place() implements FlatMapFunction<Iterator<Integer>, String> {
    @Override
    public Iterator<String> call(Iterator<Integer> input) {
      return List.of(BarrierStage.location()).iterator();
    }
  }

  @Test
  void twoRanksOfOneMicroBatchEqualOneRankOfTwo() throws IOException {
    Manifest two = finetune("two", 2);
    Manifest one = finetune("one", 1);

    assertThat(two.updateNumber()).isEqualTo(one.updateNumber()).isEqualTo(4);
    Map<String, float[]> expected = weights("one");
    Map<String, float[]> actual = weights("two");
    assertThat(actual.keySet())
        .isEqualTo(expected.keySet())
        .anyMatch(name -> name.endsWith("running_mean"));
    assertThat(RunWeights.distance(actual, expected)).isLessThanOrEqualTo(1e-5);
    assertThat(two.metrics().get("loss")).isCloseTo(one.metrics().get("loss"), within(1e-4));
  }

  @Test
  void runThatIsResumedTwiceEqualsOneThatIsNot() throws IOException {
    Manifest whole = finetune("two", 2);
    try (var log = new LogLines(Finetune.class)) {
      finetune("parts", 2, "train.save-interval-updates=1", "train.validate-interval-updates=2");
      assertThat(log.lines())
          .anyMatch(line -> line.contains("4 segments") && line.contains("in 3 the ranks reused"));
    }
    Path checkpoints = folder.resolve("parts/checkpoints");
    Files.delete(checkpoints.resolve("update-00000004/" + Manifest.FILE)); // as if never finished
    Manifest resumed =
        finetune("parts", 2, "train.save-interval-updates=1", "train.validate-interval-updates=4");

    assertThat(resumed.updateNumber()).isEqualTo(whole.updateNumber());
    RunWeights.assertSame(weights("parts"), weights("two"));
  }

  @Test
  void runInBfloat16WithAnAverageIsResumedExactly() throws IOException {
    String[] settings = {
      "train.precision=bf16",
      "train.collective-precision=bf16",
      "ema.decay=0.9",
      "train.save-interval-updates=2"
    };
    finetune("whole-bf16", 2, settings);
    Path second = folder.resolve("parts-bf16/checkpoints/update-00000004");
    finetune("parts-bf16", 2, settings);
    Files.delete(second.resolve(Manifest.FILE)); // as if never finished
    finetune("parts-bf16", 1, settings); // at another world size

    RunWeights.assertSame(
        RunWeights.read(folder.resolve("whole-bf16/checkpoints/update-00000002/ema")),
        RunWeights.read(folder.resolve("parts-bf16/checkpoints/update-00000002/ema")));
    assertThat(RunWeights.distance(weights("parts-bf16"), weights("whole-bf16")))
        .isLessThanOrEqualTo(1e-4);
    Map<String, float[]> average = RunWeights.read(second.resolve(RunDirectory.EMA));
    assertThat(
            RunWeights.distance(
                average,
                RunWeights.read(folder.resolve("whole-bf16/checkpoints/update-00000004/ema"))))
        .isLessThanOrEqualTo(1e-4);
    assertThat(RunWeights.distance(average, weights("parts-bf16"))).isGreaterThan(1e-6);
  }

  /** With rankings for updates 2 and 3, of four updates: two epochs of two. */
  private static final String[] DROPPING = {
    "criterion.drop-best={ratio=0.5,after=1,scope=example}",
    "criterion.drop-worst={ratio=0.15,after=2,scope=example}"
  };

  private static final String[] DROPPING_OFTEN_SAVED = {
    DROPPING[0], DROPPING[1], "train.save-interval-updates=1", "train.validate-interval-updates=4"
  };

  @Test
  void examplesLeftOutAreNotTrainedOnAtAnyNumberOfRanks() throws IOException {
    Manifest one = finetune("one-dropping", 1, DROPPING);
    Manifest two = finetune("two-dropping", 2, DROPPING_OFTEN_SAVED);

    assertThat(one.updateNumber()).isEqualTo(two.updateNumber()).isEqualTo(4);
    assertThat(RunWeights.distance(weights("two-dropping"), weights("one-dropping")))
        .isLessThanOrEqualTo(1e-5);
    assertThat(two.metrics().get("loss")).isCloseTo(one.metrics().get("loss"), within(1e-4));
    int examples = exampleIds().size();
    assertThat(dropped("one-dropping", 2)).hasSize(examples / 2);
    assertThat(dropped("one-dropping", 3)).hasSize(examples / 2 + (int) (0.15 * examples));
    for (long update : new long[] {2, 3}) {
      assertThat(dropped("two-dropping", update)).isEqualTo(dropped("one-dropping", update));
    }
    assertThat(sentences("one-dropping")).isEqualTo(sentencesOfPlan());
    assertThat(sentences("two-dropping")).isEqualTo(sentencesOfPlan());
    assertThat(trainMetrics("two-dropping").select("lr").as(Encoders.DOUBLE()).collectAsList())
        .isEqualTo(learningRates());
    assertThat(
            trainMetrics("two-dropping")
                .select("collective_share")
                .as(Encoders.DOUBLE())
                .collectAsList())
        .allMatch(share -> share > 0 && share < 1); // each update is the first of its segment
  }

  @Test
  void runThatDropsExamplesAndIsResumedEqualsOneThatIsNot() throws IOException {
    finetune("two-dropping", 2, DROPPING_OFTEN_SAVED);
    finetune("parts-dropping", 2, DROPPING_OFTEN_SAVED);
    Path run = folder.resolve("parts-dropping");
    Files.delete(run.resolve("checkpoints/update-00000004/" + Manifest.FILE));
    Files.delete(run.resolve("checkpoints/update-00000003/" + Manifest.FILE));
    Files.delete(run.resolve("ranking/update-00000003/" + RankingSummary.FILE));
    finetune("parts-dropping", 2, DROPPING_OFTEN_SAVED);

    assertThat(dropped("parts-dropping", 3)).isEqualTo(dropped("two-dropping", 3));
    RunWeights.assertSame(weights("parts-dropping"), weights("two-dropping"));
  }

  private static List<String> dropped(String run, long update) {
    return spark
        .read()
        .parquet(folder.resolve("%s/ranking/update-%08d".formatted(run, update)).toString())
        .where("NOT kept")
        .orderBy("example_id")
        .select("example_id")
        .as(Encoders.STRING())
        .collectAsList();
  }

  /** The samples of each update, as the metrics tell. */
  private static List<Long> sentences(String run) {
    return trainMetrics(run).select("nsentences").as(Encoders.LONG()).collectAsList();
  }

  private static Dataset<Row> trainMetrics(String run) {
    String files = folder.resolve(run + "/metrics/train-*.jsonl").toString();
    return spark.read().json(files).orderBy("update");
  }

  /** The learning rate of each update of a run without dropping. */
  private static List<Double> learningRates() {
    var schedule = new PolynomialDecay(recipe("unused").optimizer(), 4);
    return LongStream.range(0, 4).mapToObj(schedule::at).toList();
  }

  private static List<String> exampleIds() {
    return spark
        .read()
        .parquet(recipe("unused").table().table() + "/train")
        .select("example_id")
        .as(Encoders.STRING())
        .collectAsList();
  }

  /** The samples of each update, by the order of the second epoch and the rankings. */
  private static List<Long> sentencesOfPlan() {
    List<String> order =
        exampleIds().stream()
            .sorted(Comparator.comparingLong(id -> EpochOrder.key(1, 2, id)))
            .toList();
    long rest = order.size() - 4L;
    List<String> first = new ArrayList<>(order.subList(0, 4));
    first.removeAll(dropped("one-dropping", 2));
    List<String> second = new ArrayList<>(order.subList(4, order.size()));
    second.removeAll(dropped("one-dropping", 3));
    return List.of(4L, rest, (long) first.size(), (long) second.size());
  }

  @Test
  void settingThatCannotWorkFailsAtOnce() {
    assertThatThrownBy(() -> finetune("metric", 2, "train.best-checkpoint-metric=cider_valid"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(
            "train.best-checkpoint-metric: cider_valid (expected: one of [bleu_1, ");
  }

  @Test
  void runDirectoryOfAnotherRunIsRefused() throws IOException {
    finetune("two", 2);
    assertThatThrownBy(() -> finetune("two", 2, "train.seed=7"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("run-dir: ")
        .hasMessageContaining("train.seed");
  }

  @Test
  void precisionThatIsNotComputedInIsRefused() {
    assertThatThrownBy(() -> finetune("fp16", 2, "train.precision=fp16"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("train.precision: fp16 (expected: fp32");
  }

  /** Trains, unless another test has: that run is only looked at. */
  private static Manifest finetune(String run, int ranks, String... overrides) throws IOException {
    return new Finetune(spark, recipe(run, overrides), ranks).run();
  }

  private static Recipe recipe(String run, String... overrides) {
    return NanoRecipe.of(new CaptionTask(), folder, run, overrides);
  }

  private static Map<String, float[]> weights(String run) throws IOException {
    return RunWeights.read(folder.resolve(run).resolve("checkpoints/update-00000004"));
  }

  @Test
  void executorsThatDoNotComeAreWaitedForAndCounted() {
    SparkContext context = spark.sparkContext();
    ExecutorWait.await(context, 2);
    context.conf().set(OfaProperties.EXECUTORS_WAIT, "1s");
    try {
      assertThatThrownBy(() -> ExecutorWait.await(context, 3))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith(
              "executors: 2 (expected: 3 within spark.ofa.executors-wait, 1 s); give the");
    } finally {
      context.conf().remove(OfaProperties.EXECUTORS_WAIT);
    }
  }
}
