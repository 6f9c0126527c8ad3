package org.ofaspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.modality.Classifications;
import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.repository.zoo.Criteria;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.serializer.KryoSerializer;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.djl.OfaTranslatorFactory;
import org.ofaspark.golden.Golden;
import org.ofaspark.golden.NanoModel;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.evaluate.EvaluateJob;
import org.ofaspark.jobs.finetune.FinetuneJob;
import org.ofaspark.jobs.ml.OfaClassifier;
import org.ofaspark.jobs.preprocess.PreprocessJob;
import org.ofaspark.jobs.serving.ExecutorModel;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.transfer.ExportJob;

/** Classification from its rows to a model that is served: the golden images in three classes. */
class ClassifyJobsTest {

  private static final Map<String, String> SPARK =
      Map.of(
          "spark.serializer", KryoSerializer.class.getName(),
          "spark.master", "local[2]",
          "spark.ui.enabled", "false",
          "spark.sql.shuffle.partitions", "2",
          "spark.sql.codegen.wholeStage", "false", // compiles longer than it runs
          "spark.log.level", "WARN");

  private static final List<String> CLASSES = List.of("cat", "dog", "red fox");

  @TempDir private static Path folder;

  @BeforeAll
  static void run() throws Exception {
    SPARK.forEach(System::setProperty); // as spark-submit does
    Path rows = rows();
    Path classes = Files.write(folder.resolve("classes.txt"), CLASSES);
    PreprocessJob.main(arguments(rows, classes));
    FinetuneJob.main(arguments(rows, classes));
    Files.delete(classes); // what a run answers with stands in its recipe
    Path recipe = folder.resolve("run/recipe.conf");
    EvaluateJob.main(new String[] {recipe.toString(), "evaluate.splits=[val]"});
    ExportJob.main(
        new String[] {
          folder.resolve("run").toString(), folder.resolve("model").toString(), "--format", "djl"
        });
  }

  @AfterAll
  static void forget() {
    SPARK.keySet().forEach(System::clearProperty);
    ExecutorModel.closeIdle();
  }

  /** The third row has a label that is no class. */
  private static Path rows() throws Exception {
    List<String> rows = new ArrayList<>();
    for (String line : Files.readAllLines(Golden.dir().resolve("dataset/caption.tsv"))) {
      String[] columns = line.split("\t", -1);
      String label = rows.size() == 2 ? "wolf" : CLASSES.get(rows.size() % CLASSES.size());
      rows.add(String.join("\t", columns[0], columns[4], label));
    }
    return Files.write(folder.resolve("rows.tsv"), rows);
  }

  private static String[] arguments(Path rows, Path classes) {
    List<String> all = new ArrayList<>(List.of("classify/train_imagenet.conf"));
    all.addAll(NanoModel.SETTINGS);
    all.addAll(
        List.of(
            "run-dir=\"%s\"".formatted(folder.resolve("run")),
            "data.table=\"%s\"".formatted(folder.resolve("table")),
            "data.answers=\"%s\"".formatted(classes),
            "preprocess.input={train=[\"%s\"],val=[\"%s\"]}".formatted(rows, rows),
            "preprocess.max-reject-ratio=0.5",
            "criterion.criterion=adjust_label_smoothed_encouraging_loss",
            "criterion.drop-best={ratio=0.3,after=2,scope=example}",
            "train.max-epoch=100",
            "train.max-update=4",
            "train.global-batch=4",
            "train.batch-size=2",
            "train.save-interval-updates=2",
            "train.validate-interval-updates=2",
            "train.best-checkpoint-metric=macro_f1",
            "generate.beam=3"));
    return all.toArray(String[]::new);
  }

  private static JsonObject json(String file) throws Exception {
    return JsonParser.parseString(Files.readString(folder.resolve(file))).getAsJsonObject();
  }

  @Test
  void rowWhoseLabelIsNoClassIsRejected() throws Exception {
    JsonObject val = json("table/_table.json").getAsJsonObject("splits").getAsJsonObject("val");
    assertThat(val.getAsJsonObject("rejected").get("unknown-answer").getAsInt()).isOne();
  }

  @Test
  void examplesAreRankedAndValidationsHaveTheMetrics() {
    assertThat(folder.resolve("run/ranking")).isNotEmptyDirectory();
    assertThat(folder.resolve("run/metrics/valid.jsonl"))
        .content()
        .contains("\"accuracy\"", "\"macro_f1\"");
  }

  @Test
  void evaluationHasTheMetricsTheCountsAndThePage() throws Exception {
    JsonObject summary = json("run/evaluation/val/metrics.json");
    JsonObject metrics = summary.getAsJsonObject("metrics");
    assertThat(metrics.keySet())
        .containsExactlyInAnyOrder("accuracy", "macro_f1", "loss", "nll_loss");
    assertThat(summary.getAsJsonObject("intervals").keySet()).contains("accuracy");
    JsonObject breakdown = json("run/evaluation/val/breakdown.json");
    long examples = 0;
    long correct = 0;
    for (var cell : breakdown.getAsJsonArray("confusion")) {
      JsonObject of = cell.getAsJsonObject();
      examples += of.get("examples").getAsLong();
      correct += of.get("label").equals(of.get("answer")) ? of.get("examples").getAsLong() : 0;
    }
    assertThat(examples).isEqualTo(summary.get("examples").getAsLong());
    assertThat(metrics.get("accuracy").getAsDouble())
        .isCloseTo((double) correct / examples, within(1e-12));
    assertThat(folder.resolve("run/evaluation/val/evaluation.html"))
        .content()
        .contains("macro_f1", "Classes, lowest F1 first", "red fox");
    assertThat(folder.resolve("run/evaluation/val/predictions.json")).content().contains("uniq_id");
  }

  @Test
  void exportForHuggingFaceHasTheTokenizer() throws Exception {
    Path port = folder.resolve("port");
    ExportJob.main(
        new String[] {
          folder.resolve("run").toString(), port.toString(), "--format", "huggingface"
        });
    assertThat(port.toFile().list())
        .contains("config.json", "pytorch_model.bin", "vocab.json", "merges.txt");
    assertThat(json("port/vocab.json").size())
        .isEqualTo(json("port/config.json").get("vocab_size").getAsInt());
  }

  @Test
  void servedModelAnswersAsTheEvaluation() throws Exception {
    try (SparkSession spark = LocalSpark.start("local[2]")) {
      Dataset<Row> expected =
          spark.read().parquet(folder.resolve("run/evaluation/val/predictions").toString());
      List<Row> rows = expected.orderBy("example_id").collectAsList();
      Dataset<Row> images =
          ExampleTable.read(spark, folder.resolve("table/val").toString())
              .select("example_id", "image");
      var classifier =
          new OfaClassifier().setInputCol("image").setModelDir(folder.resolve("model").toString());
      String saved = folder.resolve("pipeline").toString();
      new Pipeline().setStages(new PipelineStage[] {classifier}).fit(images).write().save(saved);
      List<Row> answers =
          PipelineModel.load(saved).transform(images).orderBy("example_id").collectAsList();
      assertThat(answers).hasSameSizeAs(rows);
      for (int i = 0; i < rows.size(); i++) {
        Row answer = answers.get(i).getStruct(2);
        List<Float> probabilities =
            rows.get(i).getList(rows.get(i).fieldIndex("top_probabilities"));
        assertThat(answer.getString(0)).isEqualTo(rows.get(i).getAs("hypothesis"));
        assertThat(answer.getFloat(1)).isEqualTo(probabilities.get(0));
      }
      assertDjlAnswersSo(rows);
    }
  }

  private static void assertDjlAnswersSo(List<Row> rows) throws Exception {
    Map<String, String> base64 = new HashMap<>();
    for (String line : Files.readAllLines(folder.resolve("rows.tsv"))) {
      String[] columns = line.split("\t", -1);
      base64.put(columns[0], columns[1]);
    }
    Criteria<Input, Output> criteria =
        Criteria.builder()
            .setTypes(Input.class, Output.class)
            .optModelPath(folder.resolve("model"))
            .build();
    try (var model = criteria.loadModel();
        var predictor = model.newPredictor();
        var classes =
            model.newPredictor(
                new OfaTranslatorFactory()
                    .newInstance(Image.class, Classifications.class, model, Map.of()))) {
      for (Row row : rows) {
        String image = base64.getOrDefault(row.<String>getAs("example_id"), "");
        byte[] file = Base64.getUrlDecoder().decode(image.replace('+', '-').replace('/', '_'));
        var input = new Input();
        input.add(file);
        JsonObject output =
            JsonParser.parseString(predictor.predict(input).getAsString(0)).getAsJsonObject();
        assertThat(output.get("answer").getAsString()).isEqualTo(row.getAs("hypothesis"));
        assertThat(output.getAsJsonArray("top")).hasSize(CLASSES.size());
        var decoded = ImageFactory.getInstance().fromInputStream(new ByteArrayInputStream(file));
        Classifications found = classes.predict(decoded);
        assertThat(found.getClassNames()).containsExactlyInAnyOrderElementsOf(CLASSES);
        assertThat(found.getProbabilities().stream().mapToDouble(p -> p).sum())
            .isCloseTo(1, within(1e-5));
      }
    }
  }
}
