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
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.checkpoint.BadCheckpointException;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.data.Task;
import org.ofaspark.golden.Golden;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.preprocess.ExistingTable;
import org.ofaspark.jobs.preprocess.Preprocess;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.metric.CaptionExample;
import org.ofaspark.metric.CiderScorer;
import org.ofaspark.metric.DocumentFrequency;
import org.ofaspark.metric.RefcocoAccuracy;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.recipe.Recipe;
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
    for (Task task : Task.values()) {
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
            .formatted(folder.resolve("blind-%s.tsv".formatted(task))));
    all.add("preprocess.unlabelled=[blind]");
    return NanoRecipe.of(task, folder, "run-" + task, all.toArray(String[]::new));
  }

  /** Writes the golden rows without captions or regions. */
  private static void writeBlindRows(Task task) throws IOException {
    String name = task.name().toLowerCase(Locale.ROOT);
    int answer = task == Task.CAPTION ? 2 : 3;
    List<String> rows = new ArrayList<>();
    for (String row : Files.readAllLines(Golden.dir().resolve("dataset/%s.tsv".formatted(name)))) {
      String[] columns = row.split("\t", -1);
      columns[answer] = "";
      rows.add(String.join("\t", columns));
    }
    Files.write(folder.resolve("blind-%s.tsv".formatted(task)), rows);
  }

  private static String table(Task task) {
    return recipe(task).table().table();
  }

  private static String weights(Task task) {
    return folder.resolve("weights-" + task).toString();
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
  @EnumSource(Task.class)
  void everyExampleHasARowWhateverTheBatchSize(Task task) throws IOException {
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
    try (var expected = evaluate(Task.REFCOCO, "val")) {
      Locale.setDefault(Locale.forLanguageTag(locale));
      new Preprocess(spark, recipe(Task.REFCOCO, own)).run(ExistingTable.REFUSE);

      assertThat(sortedRows(ExampleTable.read(spark, table + "/val")))
          .isEqualTo(sortedRows(ExampleTable.read(spark, table(Task.REFCOCO) + "/val")));
      try (var outcome = evaluate(Task.REFCOCO, "val", own)) {
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
                row -> row.<String>getAs(PredictionTable.HYPOTHESIS)));
  }

  @Test
  void accuracyIsTheShareOfGoodBoxes() throws IOException {
    try (var outcome = evaluate(Task.REFCOCO, "val")) {
      double hits = 0;
      double invalid = 0;
      List<Row> rows = outcome.predictions().collectAsList();
      for (Row row : rows) {
        var box = PredictionTable.rectangle(row, PredictionTable.BOX);
        var region = PredictionTable.rectangle(row, PredictionTable.REGION);
        boolean isBox = PredictionTable.isBox(row);
        boolean isInOrder = box != null && box.x0() < box.x1() && box.y0() < box.y1();
        assertThat(isBox && !isInOrder).isFalse();
        invalid += isBox ? 0 : 1;
        hits += box == null || region == null ? 0 : RefcocoAccuracy.of(box, region).accuracy();
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
  @EnumSource(Task.class)
  void splitWithoutReferencesIsAnsweredAndNotScored(Task task) throws IOException {
    try (var blind = evaluate(task, "blind");
        var known = evaluate(task, "val")) {
      assertThat(hypotheses(blind)).isEqualTo(hypotheses(known));
      assertThat(blind.failed()).isZero();
      assertThat(blind.metrics()).isEmpty();
      assertThat(blind.leftOut()).containsExactlyInAnyOrderElementsOf(known.metrics().keySet());
      assertThat(known.leftOut()).isEmpty();
      String directory = folder.resolve("blind-" + task).toString();
      var summary = EvaluationSummary.of(recipe(task), "blind", weights(task), blind, 1, directory);
      new EvaluationFiles(files, directory, 5)
          .write(task, blind, summary, ExampleTable.read(spark, table(task) + "/blind"));
      assertThat(summary.text()).contains("left out: ", "loss");
    }
  }

  @Test
  void answersThatAreKeptAreTakenAgain() throws IOException {
    String directory = folder.resolve(".kept").toString();
    Evaluation evaluation = evaluation(Task.CAPTION);
    try (var outcome = evaluate(Task.CAPTION, "val");
        var first = evaluation.resume("val", weights(Task.CAPTION), directory)) {
      assertThat(hypotheses(first)).isEqualTo(hypotheses(outcome));
      assertClose(first.metrics(), outcome.metrics());
      Path kept = Path.of(first.kept().orElseThrow(), "answers");
      long written = Files.getLastModifiedTime(kept).toMillis();
      try (var second = evaluation.resume("val", weights(Task.CAPTION), directory)) {
        assertClose(second.metrics(), first.metrics());
        assertThat(second.kept()).isEqualTo(first.kept());
        assertThat(Files.getLastModifiedTime(kept).toMillis()).isEqualTo(written);
      }
    }
  }

  @Test
  void imageThatHasGoneBadIsNamedAndTheRestIsEvaluated() throws IOException {
    Dataset<Row> good = ExampleTable.read(spark, table(Task.CAPTION) + "/val");
    String victim = good.orderBy(ExampleTable.EXAMPLE_ID).first().getAs(ExampleTable.EXAMPLE_ID);
    var image =
        functions.when(
            functions.col(ExampleTable.EXAMPLE_ID).equalTo(victim), functions.lit(new byte[7]));
    ExampleTable.write(
        good.withColumn("image", image.otherwise(functions.col("image"))),
        table(Task.CAPTION) + "/spoilt");

    try (var outcome = evaluate(Task.CAPTION, "spoilt")) {
      assertThat(outcome.failed()).isEqualTo(1);
      assertThat(outcome.examples()).isEqualTo(good.count());
      Row bad = outcome.predictions().where("error IS NOT NULL").first();
      assertThat(bad.<String>getAs(ExampleTable.EXAMPLE_ID)).isEqualTo(victim);
      assertThat(bad.<String>getAs(PredictionTable.ERROR)).contains("(expected: ");
      assertThat(outcome.metrics())
          .containsOnlyKeys(
              "cider", "bleu_1", "bleu_2", "bleu_3", "bleu_4", "rouge_l", "loss", "nll_loss");
    }
  }

  @ParameterizedTest
  @EnumSource(Task.class)
  void filesHoldWhatTheEvaluationFound(Task task) throws IOException {
    Path directory = folder.resolve("evaluation-" + task);
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
              task == Task.CAPTION ? Set.of("image_id", "caption") : Set.of("uniq_id", "box"));
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
    NgramsJob.write(spark, table(Task.CAPTION) + "/val", table);
    Path pickle = folder.resolve("cached.p");
    Files.write(pickle, Golden.bytes("metrics/cached_df.proto2.p"));
    String key = "evaluate.eval-cider-cached-tokens=";

    try (var none = evaluate(Task.CAPTION, "val", key + folder.resolve("nothing"));
        var fromTable = evaluate(Task.CAPTION, "val", key + table);
        var fromPickle = evaluate(Task.CAPTION, "val", key + pickle)) {
      assertThat(none.metrics()).doesNotContainKey("cider_valid");
      assertThat(fromPickle.metrics()).containsKey("cider_valid");
      Map<String, Double> expected = ciderOverTheSplit(fromTable.predictions());
      for (Row row : fromTable.predictions().collectAsList()) {
        assertThat(row.<Double>getAs(PredictionTable.CIDER_VALID))
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
        row.getAs(PredictionTable.HYPOTHESIS),
        CaptionText.references(row.getAs(ExampleTable.TEXT)));
  }

  @Test
  void weightsThatAreMissingAreAnErrorThatNamesThem() {
    String nothing = folder.resolve("nothing").toString();
    assertThatThrownBy(() -> evaluation(Task.CAPTION).run("val", nothing))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessageContaining("nothing: no model.safetensors");
  }
}
