package org.ofaspark.jobs.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.golden.Golden;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.metric.CaptionWords;
import org.ofaspark.metric.CiderScorer;
import org.ofaspark.metric.DocumentFrequency;
import org.ofaspark.metric.NgramCounts;
import org.ofaspark.metric.PtbTokenizer;
import org.ofaspark.task.PredictionColumns;
import org.ofaspark.task.Task;
import org.ofaspark.task.caption.CaptionScoring;
import org.ofaspark.task.caption.CaptionTask;

/** The metrics of a split of captions, against those of the COCO caption evaluation. */
class CaptionScoresGoldenTest {

  private static final Task TASK = new CaptionTask();
  private static final StructType SCHEMA = PredictionTable.schema(TASK);

  private static final String FILE = "caption-metrics/caption_metrics_golden.json";
  private static final String OTHER_IMAGES = "caption-metrics/cider_df_corpus_400.json";
  private static final Map<String, String> NAMES =
      Map.of(
          "cider", "CIDEr",
          "rouge_l", "ROUGE_L",
          "bleu_1", "Bleu_1",
          "bleu_2", "Bleu_2",
          "bleu_3", "Bleu_3",
          "bleu_4", "Bleu_4");

  private static SparkSession spark;
  private static List<JsonObject> images;
  private static JsonObject overall;

  @BeforeAll
  static void start() {
    Golden.assumeHas(FILE);
    JsonObject golden = Golden.object(FILE);
    images = objects(golden.getAsJsonArray("images"));
    overall = golden.getAsJsonObject("overall");
    spark = LocalSpark.start("local[2]");
  }

  @AfterAll
  static void stop() {
    if (spark != null) {
      spark.stop();
    }
  }

  private static List<JsonObject> objects(JsonArray array) {
    return StreamSupport.stream(array.spliterator(), false)
        .map(JsonElement::getAsJsonObject)
        .toList();
  }

  private static List<String> texts(JsonObject image, String name) {
    return StreamSupport.stream(image.getAsJsonArray(name).spliterator(), false)
        .map(JsonElement::getAsString)
        .toList();
  }

  /** Makes predictions of the texts that have a name. */
  private static Dataset<Row> predictions(String candidate, String references, int partitions) {
    return predictions(
        images.stream().map(image -> row(image, candidate, references)).toList(), partitions);
  }

  private static Dataset<Row> predictions(List<Row> rows, int partitions) {
    return spark.createDataFrame(
        JavaSparkContext.fromSparkContext(spark.sparkContext()).parallelize(rows, partitions),
        SCHEMA);
  }

  /**
   * Makes a prediction of an image's texts, or of their tokens if the tokenizer cuts them in
   * another way than the reference, as it does one in 5,000 of COCO's.
   */
  private static Row row(JsonObject image) {
    return hasTokensOfTheReference(image)
        ? row(image, "candidate", "references")
        : row(image, "candidate_ptb", "references_ptb");
  }

  private static Row row(JsonObject image, String candidate, String references) {
    Object[] values = new Object[SCHEMA.length()];
    Map.of(
            ExampleTable.EXAMPLE_ID,
            image.get("image_id").getAsString(),
            ExampleTable.IMAGE_ID,
            image.get("image_id").getAsString(),
            ExampleTable.TEXT,
            String.join("&&", texts(image, references)),
            CaptionTask.REFERENCES.name(),
            texts(image, references).toArray(),
            PredictionColumns.HYPOTHESIS.name(),
            image.get(candidate).getAsString(),
            "loss",
            1.0,
            "nll_loss",
            1.0,
            "target_tokens",
            1)
        .forEach((name, value) -> values[SCHEMA.fieldIndex(name)] = value);
    return RowFactory.create(values);
  }

  private static Dataset<Row> scores(Dataset<Row> predictions, Optional<DocumentFrequency> cached) {
    var scoring = new CaptionScoring(cached.map(CiderScorer::new).orElse(null));
    return SplitScores.of(spark, TASK, scoring, predictions);
  }

  private static Map<String, Double> column(Dataset<Row> scored, String column) {
    return scored.collectAsList().stream()
        .collect(Collectors.toMap(PredictionTable::exampleId, row -> row.<Double>getAs(column)));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7})
  void metricsEqualTheReferenceForEachImageAndOverall(int partitions) {
    List<Row> rows = images.stream().map(CaptionScoresGoldenTest::row).toList();
    Dataset<Row> scored = scores(predictions(rows, partitions), Optional.empty());

    Map<String, Double> metrics = new SplitMetrics(TASK).of(scored);
    NAMES.forEach(
        (ours, theirs) -> {
          assertThat(metrics.get(ours)).as(ours).isCloseTo(number(overall, theirs), within(1e-6));
          assertImages(column(scored, ours), theirs);
        });
    scored.unpersist();
  }

  private static boolean hasTokensOfTheReference(JsonObject image) {
    return PtbTokenizer.normalize(image.get("candidate").getAsString())
            .equals(image.get("candidate_ptb").getAsString())
        && texts(image, "references").stream()
            .map(PtbTokenizer::normalize)
            .toList()
            .equals(texts(image, "references_ptb"));
  }

  private static double number(JsonObject scores, String name) {
    return scores.get(name).getAsDouble();
  }

  private static void assertImages(Map<String, Double> scores, String name) {
    for (JsonObject image : images) {
      String id = image.get("image_id").getAsString();
      assertThat(scores.get(id))
          .as("%s of %s", name, id)
          .isCloseTo(number(image.getAsJsonObject("scores"), name), within(1e-6));
    }
  }

  @Test
  void metricsDoNotDependOnPartitions() {
    Dataset<Row> one = scores(predictions("candidate", "references", 1), Optional.empty());
    Dataset<Row> many = scores(predictions("candidate", "references", 13), Optional.empty());

    assertThat(column(many, "cider")).isEqualTo(column(one, "cider")); // to the last bit
    Map<String, Double> metrics = new SplitMetrics(TASK).of(many);
    new SplitMetrics(TASK)
        .of(one)
        .forEach(
            (name, value) ->
                assertThat(metrics.get(name))
                    .as(name)
                    .satisfiesAnyOf(
                        found -> assertThat(found).isCloseTo(value, within(1e-9)),
                        found -> assertThat(value).isNaN())); // cider_valid
    one.unpersist();
    many.unpersist();
  }

  @Test
  void ciderOfValidationEqualsUpstreamWithCachedFrequencies() {
    Golden.assumeHas(OTHER_IMAGES);
    var builder = new DocumentFrequency.Builder();
    objects(Golden.object(OTHER_IMAGES).getAsJsonArray("images"))
        .forEach(image -> builder.add(ngrams(texts(image, "references_ofa"))));
    DocumentFrequency cached = builder.build();

    Dataset<Row> scored =
        scores(predictions("candidate_ofa", "references_ofa", 3), Optional.of(cached));

    String name = "OFA_CiderD_cached_df" + cached.documents();
    assertImages(column(scored, "cider_valid"), name);
    assertThat(new SplitMetrics(TASK).of(scored).get("cider_valid"))
        .isCloseTo(number(overall, name), within(1e-6));
    scored.unpersist();
  }

  private static List<NgramCounts> ngrams(List<String> captions) {
    Function<String, List<String>> words = CaptionWords::atWhiteSpace;
    return captions.stream().map(words.andThen(NgramCounts::of)).toList();
  }
}
