package org.ofaspark.jobs.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.config.Sha256;
import org.ofaspark.jobs.ExplainedException;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.evaluate.Evaluation;
import org.ofaspark.jobs.finetune.Finetune;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.task.caption.CaptionTask;
import org.ofaspark.task.refcoco.RefcocoTask;

/**
 * The jobs on executors with a virtual GPU each, whose kernels are the CPU's: weights, optimizer
 * files, rankings, answers and metrics equal those of executors without one, bit for bit.
 */
@EnabledIf("isThere")
class GpuJobsTest {

  private static final Pattern OUT_OF_MEMORY = Pattern.compile("\"out_of_memory\": *(\\d+)");
  private static final long ENOUGH = 1L << 30;

  /** The weights fit, 4.1 MB, and beam search over two examples; over eight it takes 7.7 MB. */
  private static final long TWO_EXAMPLES = 7_000_000;

  /** The weights fit, and the activations of no micro-batch. */
  private static final long LITTLE = 16 << 20;

  /** Less than the weights. */
  private static final long TOO_LITTLE = 2 << 20;

  @TempDir private static Path folder;
  private static ExportedModels models;
  private static Results onCpu;
  private static Results onGpu;

  static boolean isThere() {
    return Files.exists(LocalSpark.VIRTUAL_GPU);
  }

  /** What the jobs come to, without what names the run. */
  private record Results(
      Map<String, String> files,
      Map<String, Double> validation,
      Map<String, Double> evaluation,
      List<String> answers,
      List<String> ranking,
      List<String> captions,
      List<String> boxes) {}

  @BeforeAll
  static void runJobs() throws IOException {
    try (SparkSession spark = LocalSpark.startExecutors(2)) {
      models = new ExportedModels(spark, folder);
      onCpu = results(spark, models, "cpu");
    }
    try (SparkSession spark = LocalSpark.startGpuExecutors(2, folder, ENOUGH)) {
      onGpu = results(spark, models.with(spark), "gpu");
    }
    awaitExecutors();
  }

  @AfterAll
  static void end() {
    awaitExecutors(); // they write to the folder that is deleted next
  }

  /** Waits for executors to end, which write what they have counted. */
  private static void awaitExecutors() {
    for (ProcessHandle process : ProcessHandle.current().descendants().toList()) {
      if (process.info().command().orElse("").endsWith("/java")) {
        process.onExit().orTimeout(1, TimeUnit.MINUTES).join();
      }
    }
  }

  private static Results results(SparkSession spark, ExportedModels models, String run)
      throws IOException {
    Manifest last =
        new Finetune(
                spark,
                NanoRecipe.of(
                    new CaptionTask(),
                    folder,
                    run,
                    "model.dropout=0.1",
                    "ema.decay=0.9",
                    "criterion.drop-best={ratio=0.5,after=1,scope=example}",
                    "train.save-interval-updates=2"),
                2)
            .run();
    try (Evaluation.Outcome outcome = models.evaluate(new CaptionTask())) {
      return new Results(
          files(folder.resolve(run + "/checkpoints")),
          last.metrics(),
          outcome.metrics(),
          texts(outcome.predictions()),
          texts(spark.read().parquet(folder.resolve(run + "/ranking/update-00000002").toString())),
          texts(
              new OfaCaptioner()
                  .setInputCol("image")
                  .setModelDir(models.directory(new CaptionTask()))
                  .transform(models.examples(new CaptionTask()))
                  .select(ExampleTable.EXAMPLE_ID, "caption")),
          texts(
              new OfaGrounder()
                  .setInputCol("image")
                  .setTextCol(ExampleTable.TEXT)
                  .setModelDir(models.directory(new RefcocoTask()))
                  .transform(models.examples(new RefcocoTask()))
                  .select(ExampleTable.EXAMPLE_ID, "box")));
    }
  }

  private static List<String> texts(Dataset<Row> rows) {
    return rows.toJSON().collectAsList().stream().sorted().toList();
  }

  /** Returns the SHA-256 of each file of weights and of the optimizer. */
  private static Map<String, String> files(Path checkpoints) throws IOException {
    Map<String, String> hashes = new TreeMap<>();
    try (Stream<Path> files = Files.walk(checkpoints)) {
      for (Path file : files.filter(GpuJobsTest::isTensors).toList()) {
        hashes.put(checkpoints.relativize(file).toString(), Sha256.of(Files.readAllBytes(file)));
      }
    }
    return hashes;
  }

  private static boolean isTensors(Path file) {
    return file.toString().endsWith(".safetensors");
  }

  @Test
  void weightsAveragesAndOptimizerEqualTheCpus() {
    assertThat(onGpu.files())
        .hasSize(8) // of two checkpoints: weights, their average, two shards
        .isEqualTo(onCpu.files());
    assertThat(onGpu.validation()).isNotEmpty().isEqualTo(onCpu.validation());
  }

  @Test
  void answersAndMetricsEqualTheCpus() {
    assertThat(onGpu.answers()).isNotEmpty().isEqualTo(onCpu.answers());
    assertThat(onGpu.evaluation()).isNotEmpty().isEqualTo(onCpu.evaluation());
  }

  @Test
  void rankingEqualsTheCpus() {
    assertThat(onGpu.ranking()).isNotEmpty().isEqualTo(onCpu.ranking());
  }

  @Test
  void transformersAnswerAsOnTheCpu() {
    assertThat(onGpu.captions()).isNotEmpty().isEqualTo(onCpu.captions());
    assertThat(onGpu.boxes()).isNotEmpty().isEqualTo(onCpu.boxes());
  }

  @Test
  void executorsHaveComputedOnTheirGpus() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.filter(file -> file.toString().matches(".*/gpu-\\d+\\.json")))
          .hasSizeGreaterThanOrEqualTo(2)
          .allSatisfy(
              file -> assertThat(Files.readString(file)).containsPattern("\"kernels\": *[1-9]"));
    }
  }

  @Test
  void batchThatDoesNotFitIsHalved() throws IOException {
    Path counts = Files.createDirectories(folder.resolve("halved"));
    try (SparkSession spark = LocalSpark.startGpuExecutors(1, counts, TWO_EXAMPLES);
        Evaluation.Outcome outcome =
            models.with(spark).evaluate(new CaptionTask(), "evaluate.batch-size=16")) {
      assertThat(outcome.failed()).isZero();
      assertThat(outcome.predictions().collectAsList()).hasSize(8);
    }
    awaitExecutors();
    assertThat(outOfMemory(counts)).isPositive();
  }

  private static long outOfMemory(Path counts) throws IOException {
    long times = 0;
    try (Stream<Path> files = Files.list(counts)) {
      for (Path file : files.filter(file -> file.toString().endsWith(".json")).toList()) {
        Matcher found = OUT_OF_MEMORY.matcher(Files.readString(file));
        times += found.find() ? Long.parseLong(found.group(1)) : 0;
      }
    }
    return times;
  }

  @Test
  void weightsThatDoNotFitAreTold() throws IOException {
    try (SparkSession spark = LocalSpark.startGpuExecutors(1, folder, TOO_LITTLE)) {
      ExportedModels again = models.with(spark);
      assertThatThrownBy(() -> again.evaluate(new CaptionTask()))
          .hasCauseInstanceOf(ExplainedException.class)
          .hasMessageContaining("bytes of weights (expected: as many free); take a GPU with more")
          .hasMessageContaining("out of memory");
    }
  }

  @Test
  void trainingThatDoesNotFitSaysWhatToDo() throws IOException {
    try (SparkSession spark = LocalSpark.startGpuExecutors(1, folder, LITTLE)) {
      assertThatThrownBy(
              () ->
                  new Finetune(
                          spark,
                          NanoRecipe.of(
                              new CaptionTask(),
                              folder,
                              "large",
                              "train.batch-size=4",
                              "train.max-failures=0"),
                          1)
                      .run())
          .hasMessageContaining("train.batch-size: 4 (expected: ");
    }
  }
}
