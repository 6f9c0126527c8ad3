package org.ofaspark.jobs.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import com.google.gson.JsonArray;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.data.Fields;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.golden.Golden;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.image.Box;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.preprocess.ExistingTable;
import org.ofaspark.jobs.preprocess.Preprocess;
import org.ofaspark.jobs.serving.ExecutorModel;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.metric.CaptionExample;
import org.ofaspark.metric.CiderScorer;
import org.ofaspark.metric.DocumentFrequency;
import org.ofaspark.metric.RegionOverlap;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.PredictionColumns;
import org.ofaspark.task.Task;
import org.ofaspark.task.Tasks;
import org.ofaspark.task.caption.CaptionTask;
import org.ofaspark.task.refcoco.RefcocoTask;
import org.ofaspark.text.CaptionText;

/** Evaluation of the golden tables with random weights. */
class EvaluationTest {

  @TempDir private static Path folder;
  private static SparkSession spark;
  private static HadoopFiles files;

  @BeforeAll
  static void start() throws IOException {
    spark = LocalSpark.start("local[2]");
    files = new HadoopFiles(spark.sparkContext().hadoopConfiguration());
    for (Task task : List.of(new CaptionTask(), new RefcocoTask())) {
      writeBlindRows(task);
      new Preprocess(spark, recipe(task)).run(ExistingTable.REFUSE);
      writeWeights(task);
    }
  }

  @AfterAll
  static void stop() {
    ExecutorModel.closeIdle();
    spark.stop();
  }

  private static Recipe recipe(Task task, String... overrides) {
    List<String> all = new ArrayList<>(Arrays.asList(overrides));
    all.add(
        "preprocess.input.blind=[\"%s\"]"
            .formatted(folder.resolve("blind-%s.tsv".formatted(task.name()))));
    all.add("preprocess.unlabelled=[blind]");
    return NanoRecipe.of(task, folder, "run-" + task.name(), all.toArray(String[]::new));
  }

  /** Writes the golden rows without captions or regions. */
  private static void writeBlindRows(Task task) throws IOException {
    String name = task.name();
    int answer = task.equals(new CaptionTask()) ? 2 : 3;
    List<String> rows = new ArrayList<>();
    for (String row : Files.readAllLines(Golden.dir().resolve("dataset/%s.tsv".formatted(name)))) {
      String[] columns = row.split("\t", -1);
      columns[answer] = "";
      rows.add(String.join("\t", columns));
    }
    Files.write(folder.resolve("blind-%s.tsv".formatted(task.name())), rows);
  }

  private static @Nullable Box box(@Nullable List<Float> edges) {
    return edges == null ? null : new Box(edges.get(0), edges.get(1), edges.get(2), edges.get(3));
  }

  private static String table(Task task) {
    return recipe(task).table().table();
  }

  private static String weights(Task task) {
    return folder.resolve("weights-" + task.name()).toString();
  }

  private static void writeWeights(Task task) throws IOException {
    Path directory = Files.createDirectories(Path.of(weights(task)));
    int vocabulary = Vocabulary.read(files, table(task)).codec().dictionary().size();
    try (NDManager manager = TestDevice.newManager();
        var state = new StateDict(OfaModel.specs(recipe(task).model(), vocabulary), manager)) {
      state.initialize(3);
      var plan = WeightFiles.plan(state.specs(), WeightFiles.DEFAULT_MAX_BYTES);
      for (var file : plan.entrySet()) {
        try (OutputStream out = Files.newOutputStream(directory.resolve(file.getKey()))) {
          WeightFiles.write(out, file.getValue(), state);
        }
      }
    }
  }

  private static Evaluation.Outcome evaluate(Task task, String split, String... overrides)
      throws IOException {
    return evaluation(task, overrides).run(split, weights(task));
  }

  private static Evaluation evaluation(Task task, String... overrides) throws IOException {
    return new Evaluation(
        spark, files, recipe(task, overrides), Vocabulary.read(files, table(task)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"caption", "refcoco"})
  void everyExampleHasARowWhateverTheBatchSize(String taskName) throws IOException {
    Task task = Tasks.named(taskName);
    try (var one = evaluate(task, "val", "evaluate.batch-size=1");
        var all = evaluate(task, "val", "evaluate.batch-size=16")) {
      long examples = ExampleTable.read(spark, table(task) + "/val").count();
      assertThat(one.examples()).isEqualTo(all.examples()).isEqualTo(examples);
      assertThat(one.failed()).isZero();
      assertThat(hypotheses(one)).isEqualTo(hypotheses(all));
      all.metrics()
          .forEach(
              (name, value) ->
                  assertThat(one.metrics().get(name)).as(name).isCloseTo(value, within(1e-4)));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"fa-IR", "ar-EG"})
  void tableAndAnswersAreThoseOfALocaleWithOtherDigits(String locale) throws IOException {
    Locale before = Locale.getDefault();
    String table = folder.resolve("table-" + locale).toString();
    String[] own = {"data.table=" + table, "preprocess.max-reject-ratio=1"};
    try (var expected = evaluate(new RefcocoTask(), "val")) {
      Locale.setDefault(Locale.forLanguageTag(locale));
      new Preprocess(spark, recipe(new RefcocoTask(), own)).run(ExistingTable.REFUSE);

      Task task = new RefcocoTask();
      assertThat(sortedRows(ExampleTable.read(spark, table + "/val", task)))
          .isEqualTo(sortedRows(ExampleTable.read(spark, table(task) + "/val", task)));
      try (var outcome = evaluate(new RefcocoTask(), "val", own)) {
        assertThat(sortedRows(outcome.predictions())).isEqualTo(sortedRows(expected.predictions()));
        assertClose(outcome.metrics(), expected.metrics());
      }
    } finally {
      Locale.setDefault(before);
    }
  }

  private static List<String> sortedRows(Dataset<Row> rows) {
    return rows.toJSON().collectAsList().stream().sorted().toList();
  }

  private static void assertClose(Map<String, Double> metrics, Map<String, Double> others) {
    assertThat(metrics.keySet()).isEqualTo(others.keySet());
    metrics.forEach(
        (name, value) -> assertThat(value).as(name).isCloseTo(others.get(name), within(1e-9)));
  }

  private static Map<String, String> hypotheses(Evaluation.Outcome outcome) {
    return outcome.predictions().collectAsList().stream()
        .collect(
            Collectors.toMap(
                row -> row.<String>getAs(ExampleTable.EXAMPLE_ID),
                row -> row.<String>getAs(PredictionColumns.HYPOTHESIS.name())));
  }

  @Test
  void accuracyIsTheShareOfGoodBoxes() throws IOException {
    try (var outcome = evaluate(new RefcocoTask(), "val")) {
      double hits = 0;
      double invalid = 0;
      List<Row> rows = outcome.predictions().collectAsList();
      for (Row row : rows) {
        Fields prediction = PredictionTable.fields(new RefcocoTask(), row);
        Box box = box(prediction.get(RefcocoTask.BOX));
        Box region = box(prediction.get(RefcocoTask.REGION));
        boolean isBox = prediction.require(RefcocoTask.IS_BOX);
        boolean isInOrder = box != null && box.x0() < box.x1() && box.y0() < box.y1();
        assertThat(isBox && !isInOrder).isFalse();
        invalid += isBox ? 0 : 1;
        hits += box != null && region != null && RegionOverlap.reaches(box, region, 0.5f) ? 1 : 0;
      }
      assertThat(outcome.metrics())
          .containsOnlyKeys(
              "score",
              "accuracy_0.25",
              "accuracy_0.75",
              "accuracy_0.9",
              "mean_iou",
              "invalid_rate",
              "loss",
              "nll_loss");
      assertThat(outcome.metrics().get("score")).isCloseTo(hits / rows.size(), within(1e-12));
      assertThat(outcome.metrics().get("invalid_rate"))
          .isCloseTo(invalid / rows.size(), within(1e-12))
          .isPositive();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"caption", "refcoco"})
  void splitWithoutReferencesIsAnsweredAndNotScored(String taskName) throws IOException {
    Task task = Tasks.named(taskName);
    try (var blind = evaluate(task, "blind");
        var known = evaluate(task, "val")) {
      assertThat(hypotheses(blind)).isEqualTo(hypotheses(known));
      assertThat(blind.failed()).isZero();
      assertThat(blind.metrics()).isEmpty();
      assertThat(blind.leftOut()).containsExactlyInAnyOrderElementsOf(known.metrics().keySet());
      assertThat(known.leftOut()).isEmpty();
      String directory = folder.resolve("blind-" + task.name()).toString();
      var summary = EvaluationSummary.of(recipe(task), "blind", weights(task), blind, 1, directory);
      new EvaluationFiles(files, directory, 5)
          .write(task, blind, summary, ExampleTable.read(spark, table(task) + "/blind"));
      assertThat(summary.text()).contains("left out: ", "loss");
    }
  }

  @Test
  void answersThatAreKeptAreTakenAgain() throws IOException {
    String directory = folder.resolve(".kept").toString();
    Evaluation evaluation = evaluation(new CaptionTask());
    try (var outcome = evaluate(new CaptionTask(), "val");
        var first = evaluation.resume("val", weights(new CaptionTask()), directory)) {
      assertThat(hypotheses(first)).isEqualTo(hypotheses(outcome));
      assertClose(first.metrics(), outcome.metrics());
      Path kept = Path.of(first.kept().orElseThrow(), "answers");
      long written = Files.getLastModifiedTime(kept).toMillis();
      try (var second = evaluation.resume("val", weights(new CaptionTask()), directory)) {
        assertClose(second.metrics(), first.metrics());
        assertThat(second.kept()).isEqualTo(first.kept());
        assertThat(Files.getLastModifiedTime(kept).toMillis()).isEqualTo(written);
      }
    }
  }

  @Test
  void imageThatHasGoneBadIsNamedAndTheRestIsEvaluated() throws IOException {
    Task task = new CaptionTask();
    Dataset<Row> good = ExampleTable.read(spark, table(task) + "/val", task);
    String victim = good.orderBy(ExampleTable.EXAMPLE_ID).first().getAs(ExampleTable.EXAMPLE_ID);
    var image =
        functions.when(
            functions.col(ExampleTable.EXAMPLE_ID).equalTo(victim), functions.lit(new byte[7]));
    ExampleTable.write(
        good.withColumn("image", image.otherwise(functions.col("image"))),
        table(new CaptionTask()) + "/spoilt");

    try (var outcome = evaluate(new CaptionTask(), "spoilt")) {
      assertThat(outcome.failed()).isEqualTo(1);
      assertThat(outcome.examples()).isEqualTo(good.count());
      Row bad = outcome.predictions().where("error IS NOT NULL").first();
      assertThat(bad.<String>getAs(ExampleTable.EXAMPLE_ID)).isEqualTo(victim);
      assertThat(bad.<String>getAs(PredictionColumns.ERROR.name())).contains("(expected: ");
      assertThat(outcome.metrics())
          .containsOnlyKeys(
              "cider", "bleu_1", "bleu_2", "bleu_3", "bleu_4", "rouge_l", "loss", "nll_loss");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"caption", "refcoco"})
  void filesHoldWhatTheEvaluationFound(String taskName) throws IOException {
    Task task = Tasks.named(taskName);
    Path directory = folder.resolve("evaluation-" + task.name());
    try (var outcome = evaluate(task, "val")) {
      var summary =
          EvaluationSummary.of(
              recipe(task), "val", weights(task), outcome, 1.5, directory.toString());
      var written = new EvaluationFiles(files, directory.toString(), 3);
      Dataset<Row> examples = ExampleTable.read(spark, table(task) + "/val");
      written.write(task, outcome, summary, examples);
      written.write(task, outcome, summary, examples); // again: replaces

      JsonArray json =
          JsonParser.parseString(Files.readString(directory.resolve("predictions.json")))
              .getAsJsonArray();
      assertThat(json.size()).isEqualTo((int) outcome.examples());
      assertThat(json.get(0).getAsJsonObject().keySet())
          .isEqualTo(
              task.equals(new CaptionTask())
                  ? Set.of("image_id", "caption")
                  : Set.of("uniq_id", "box"));
      assertThat(Files.readString(directory.resolve("evaluation.html")))
          .contains("<title>%s, split val</title>".formatted(summary.task()))
          .contains("\"data:image/jpeg;base64,", " data-picture=\"")
          .doesNotContain(" src=");
      Dataset<Row> predictions = spark.read().parquet(directory.resolve("predictions").toString());
      assertThat(predictions.count()).isEqualTo(outcome.examples());
      String file = directory.resolve(EvaluationSummary.FILE).toString();
      assertThat(EvaluationSummary.parse(files.readText(file), file)).isEqualTo(summary);
    }
  }

  @Test
  void cachedFrequenciesComeFromUpstreamsFileOrFromATable() throws IOException {
    String table = folder.resolve("ngrams").toString();
    NgramsJob.write(spark, table(new CaptionTask()) + "/val", table);
    Path pickle = folder.resolve("cached.p");
    Files.write(pickle, Golden.bytes("metrics/cached_df.proto2.p"));
    String key = "evaluate.eval-cider-cached-tokens=";

    try (var none = evaluate(new CaptionTask(), "val", key + folder.resolve("nothing"));
        var fromTable = evaluate(new CaptionTask(), "val", key + table);
        var fromPickle = evaluate(new CaptionTask(), "val", key + pickle)) {
      assertThat(none.metrics()).doesNotContainKey("cider_valid");
      assertThat(fromPickle.metrics()).containsKey("cider_valid");
      Map<String, Double> expected = ciderOverTheSplit(fromTable.predictions());
      for (Row row : fromTable.predictions().collectAsList()) {
        assertThat(row.<Double>getAs("cider_valid"))
            .isCloseTo(expected.get(PredictionTable.exampleId(row)), within(1e-12));
      }
    }
  }

  /** Scores the texts of validation with the document frequencies of the examples themselves. */
  private static Map<String, Double> ciderOverTheSplit(Dataset<Row> predictions) {
    List<Row> rows = predictions.collectAsList();
    var frequency = new DocumentFrequency.Builder();
    rows.stream()
        .collect(
            Collectors.groupingBy(
                row -> row.<String>getAs(ExampleTable.IMAGE_ID),
                Collectors.flatMapping(
                    row -> caption(row).referenceNgrams().stream(), Collectors.toList())))
        .values()
        .forEach(frequency::add);
    var scorer = new CiderScorer(frequency.build());
    return rows.stream()
        .collect(
            Collectors.toMap(
                PredictionTable::exampleId,
                row ->
                    scorer.score(caption(row).hypothesisNgrams(), caption(row).referenceNgrams())));
  }

  private static CaptionExample caption(Row row) {
    return CaptionExample.ofPlainWords(
        row.getAs(PredictionColumns.HYPOTHESIS.name()),
        CaptionText.references(row.getAs(ExampleTable.TEXT)));
  }

  @Test
  void weightsThatAreMissingAreAnErrorThatNamesThem() {
    String nothing = folder.resolve("nothing").toString();
    assertThatThrownBy(() -> evaluation(new CaptionTask()).run("val", nothing))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessageContaining("nothing: no model.safetensors");
  }
}
