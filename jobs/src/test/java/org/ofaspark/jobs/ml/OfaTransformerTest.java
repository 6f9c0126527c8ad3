package org.ofaspark.jobs.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.modality.cv.VisionLanguageInput;
import ai.djl.modality.cv.output.DetectedObjects;
import ai.djl.repository.zoo.Criteria;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.serializer.KryoSerializer;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.config.RecipeException;
import org.ofaspark.djl.OfaTranslatorFactory;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.evaluate.Evaluation;
import org.ofaspark.jobs.serving.ExecutorModel;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.task.PredictionColumns;
import org.ofaspark.task.Task;
import org.ofaspark.task.caption.CaptionTask;
import org.ofaspark.task.refcoco.RefcocoTask;

/** Captioner and grounder on the golden tables, against the evaluate job. */
class OfaTransformerTest {

  private static final String IMAGE = "image";

  @TempDir private static Path folder;
  private static SparkSession spark;
  private static ExportedModels models;

  /** What the evaluate job answers, by the examples' ids. */
  private static Map<String, @Nullable Object> expectedCaptions;

  private static Map<String, @Nullable Object> expectedHastyCaptions;
  private static Map<String, @Nullable Object> expectedBoxes;

  @BeforeAll
  static void start() throws IOException {
    SparkSession ofJobs = LocalSpark.start("local[2]");
    ExportedModels made = new ExportedModels(ofJobs, folder);
    expectedCaptions =
        evaluated(made, new CaptionTask(), functions.col(PredictionColumns.HYPOTHESIS.name()));
    expectedHastyCaptions =
        evaluated(
            made,
            new CaptionTask(),
            functions.col(PredictionColumns.HYPOTHESIS.name()),
            "generate.beam=1",
            "generate.max-len-b=2",
            "generate.lenpen=0.5",
            "generate.no-repeat-ngram-size=1");
    expectedBoxes =
        evaluated(
            made,
            new RefcocoTask(),
            functions.expr("CASE WHEN is_box THEN box END"),
            "generate.min-len=4",
            "generate.max-len-b=4",
            "generate.only-bins=true",
            "generate.no-repeat-ngram-size=1");
    ofJobs.stop();
    spark =
        LocalSpark.builder("local[2]") // with what many clusters have set
            .config("spark.serializer", KryoSerializer.class.getName())
            .getOrCreate();
    models = made.with(spark);
  }

  private static Map<String, @Nullable Object> evaluated(
      ExportedModels made, Task task, Column answer, String... overrides) throws IOException {
    try (Evaluation.Outcome outcome = made.evaluate(task, overrides)) {
      return answers(outcome.predictions().withColumn("answer", answer), "answer");
    }
  }

  @AfterAll
  static void stop() {
    ExecutorModel.closeIdle();
    spark.stop();
  }

  private static OfaCaptioner captioner() {
    return new OfaCaptioner().setInputCol(IMAGE).setModelDir(models.directory(new CaptionTask()));
  }

  private static OfaGrounder grounder() {
    return new OfaGrounder()
        .setInputCol(IMAGE)
        .setTextCol(ExampleTable.TEXT)
        .setModelDir(models.directory(new RefcocoTask()));
  }

  private static Dataset<Row> rows(Task task) {
    return models.examples(task).select(ExampleTable.EXAMPLE_ID, IMAGE, ExampleTable.TEXT);
  }

  /** Fits, saves and loads a pipeline of one stage, as an application does. */
  private static PipelineModel reloaded(PipelineStage stage, Dataset<Row> rows) throws IOException {
    String path = folder.resolve("pipeline-" + stage.uid()).toString();
    new Pipeline().setStages(new PipelineStage[] {stage}).fit(rows).write().save(path);
    return PipelineModel.load(path);
  }

  private static Map<String, @Nullable Object> answers(Dataset<Row> rows, String column) {
    Map<String, @Nullable Object> answers = new HashMap<>();
    for (Row row : rows.collectAsList()) {
      answers.put(row.getAs(ExampleTable.EXAMPLE_ID), row.getAs(column));
    }
    return answers;
  }

  @Test
  void reloadedPipelineGivesTheCaptionsOfTheEvaluateJob() throws IOException {
    Dataset<Row> rows = rows(new CaptionTask());
    Dataset<Row> captions = reloaded(captioner().setBatchSize(3), rows).transform(rows);
    assertThat(answers(captions, "caption"))
        .isEqualTo(expectedCaptions)
        .hasSize((int) rows.count());
    assertThat(new HashSet<>(expectedCaptions.values())).hasSizeGreaterThan(1);
    assertThat(captions.schema().fieldNames())
        .containsExactly(ExampleTable.EXAMPLE_ID, IMAGE, ExampleTable.TEXT, "caption");
  }

  @Test
  void reloadedPipelineGivesTheBoxesOfTheEvaluateJob() throws IOException {
    Dataset<Row> rows = rows(new RefcocoTask());
    Dataset<Row> boxes = reloaded(grounder(), rows).transform(rows);
    assertThat(boxes.schema().apply("box").dataType().simpleString())
        .isEqualTo("struct<x0:float,y0:float,x1:float,y1:float>");
    Dataset<Row> lists =
        boxes.withColumn(
            "box",
            functions.expr(
                "CASE WHEN box IS NOT NULL THEN array(box.x0, box.y0, box.x1, box.y1) END"));
    assertThat(answers(lists, "box")).isEqualTo(expectedBoxes).hasSize((int) rows.count());
    assertThat(new HashSet<>(expectedBoxes.values())).hasSizeGreaterThan(1);
  }

  @Test
  void beamSearchIsThatOfTheRecipeUnlessItIsSet() throws IOException {
    Dataset<Row> rows = rows(new CaptionTask());
    var hasty = captioner().setBeam(1).setMaxLenB(2).setLenpen(0.5).setNoRepeatNgramSize(1);
    assertThat(answers(reloaded(hasty, rows).transform(rows), "caption"))
        .isEqualTo(expectedHastyCaptions);
    assertThatThrownBy(() -> captioner().setBeam(0).transform(rows))
        .isInstanceOf(RecipeException.class)
        .hasMessageContaining("generate.beam: 0");
  }

  /** Gives the n-th rows, by their ids, another value. */
  private static Dataset<Row> spoilt(
      Dataset<Row> rows, String column, Map<Integer, String> expressions) {
    List<Row> ids =
        rows.select(ExampleTable.EXAMPLE_ID).orderBy(ExampleTable.EXAMPLE_ID).collectAsList();
    StringBuilder cases = new StringBuilder("CASE " + ExampleTable.EXAMPLE_ID);
    expressions.forEach(
        (n, value) -> cases.append(" WHEN '%s' THEN %s".formatted(ids.get(n).getString(0), value)));
    return rows.withColumn(column, functions.expr(cases + " ELSE " + column + " END"));
  }

  @Test
  void rowsThatCannotBeAskedAreNullAndCountedAndTheOthersAreAnswered() {
    Dataset<Row> good = rows(new RefcocoTask());
    Dataset<Row> bad = spoilt(good, IMAGE, Map.of(0, "null", 1, "cast('no image' AS binary)"));
    bad = spoilt(bad, ExampleTable.TEXT, Map.of(2, "null", 3, "' '"));
    OfaGrounder grounder = grounder().setErrorCol("error").setOutputCol("where").setBatchSize(2);
    assertThat(grounder.unanswered()).isZero();

    List<Row> answers =
        grounder.transform(bad.orderBy(ExampleTable.EXAMPLE_ID).coalesce(1)).collectAsList();

    assertThat(answers.stream().map(row -> row.<String>getAs(ExampleTable.EXAMPLE_ID)))
        .isSorted()
        .hasSize((int) good.count());
    assertThat(answers.subList(0, 4).stream().map(row -> row.<String>getAs("error")))
        .containsExactly(
            "image: null (expected: a JPEG or PNG file)",
            "image: 8 bytes that start like no image (expected: JPEG or PNG)",
            "expression: null (expected: at least a word)",
            "expression: \" \" (expected: at least a word)");
    assertThat(answers)
        .allSatisfy(
            row ->
                assertThat(row.<Object>getAs("where") == null)
                    .isEqualTo(row.getAs("error") != null));
    List<Row> unanswered = answers.stream().filter(row -> row.getAs("where") == null).toList();
    assertThat(grounder.unanswered()).isEqualTo(unanswered.size()).isLessThan(answers.size());
  }

  @Test
  void executorHoldsOneModelForAllTasksAndFreesItWhenItIsIdle() {
    ExecutorModel.closeIdle();
    Dataset<Row> rows = rows(new CaptionTask()).repartition(4);
    captioner().transform(rows).collectAsList();
    captioner().setBeam(1).transform(rows).collectAsList();
    assertThat(ExecutorModel.count()).isEqualTo(1);

    grounder().setModelIdleSeconds(0).transform(rows(new RefcocoTask())).collectAsList();
    assertThat(ExecutorModel.count()).isZero();
  }

  @Test
  void mistakesAreToldBeforeAnythingRuns() {
    Dataset<Row> rows = rows(new CaptionTask());
    assertFails(
        () -> new OfaCaptioner().transform(rows),
        "inputCol: not set (expected: the name of a column of images)");
    assertFails(
        () -> captioner().setInputCol("text").transform(rows),
        "inputCol: text, string (expected: a column of images: binary, a struct with bytes of type"
            + " binary, or the struct of format image)");
    assertFails(
        () ->
            captioner()
                .setInputCol("struct")
                .transform(rows.withColumn("struct", functions.expr("struct(text AS bytes)"))),
        "inputCol: struct, struct<bytes:string> (expected: a column of images: binary, a struct"
            + " with bytes of type binary, or the struct of format image)");
    assertFails(
        () -> captioner().setOutputCol("text").transform(rows),
        "outputCol: text (expected: a name that no column has, whatever its case)");
    assertFails(
        () -> captioner().setErrorCol("Caption").transform(rows),
        "errorCol: Caption (expected: a name that no column has, whatever its case)");
    assertFails(
        () -> new OfaCaptioner().setInputCol(IMAGE).transform(rows),
        "modelDir: not set (expected: a model directory)");
    assertFails(
        () -> captioner().setModelDir(folder + "/nothing").transform(rows),
        "modelDir: file:%s/nothing: no recipe.conf (expected: a model directory); make one by"
                .formatted(folder)
            + " submit/export RUN DIRECTORY --format djl");
    assertFails(
        () -> captioner().setModelDir(models.directory(new RefcocoTask())).transform(rows),
        "modelDir: file:%s, a model of task refcoco (expected: a model of task caption)"
            .formatted(models.directory(new RefcocoTask())));
    assertFails(
        () -> grounder().setTextCol(IMAGE).transform(rows),
        "textCol: image, binary (expected: a column of type string)");
  }

  /** Writes golden images as PNG files: in colours, gray, and with alpha. */
  private static String pngFiles() throws IOException {
    Path pngs = Files.createDirectories(folder.resolve("pngs"));
    List<Row> rows = rows(new CaptionTask()).limit(4).collectAsList();
    List<Integer> types =
        List.of(
            BufferedImage.TYPE_INT_RGB,
            BufferedImage.TYPE_3BYTE_BGR,
            BufferedImage.TYPE_BYTE_GRAY,
            BufferedImage.TYPE_4BYTE_ABGR);
    for (int i = 0; i < rows.size(); i++) {
      BufferedImage image =
          ImageIO.read(new ByteArrayInputStream(rows.get(i).<byte[]>getAs(IMAGE)));
      var copy = new BufferedImage(image.getWidth(), image.getHeight(), types.get(i));
      for (int y = 0; y < image.getHeight(); y++) {
        for (int x = 0; x < image.getWidth(); x++) {
          copy.setRGB(x, y, image.getRGB(x, y) & (i == 3 ? 0x80FFFFFF : 0xFFFFFFFF));
        }
      }
      assertThat(ImageIO.write(copy, "png", pngs.resolve(i + ".png").toFile())).isTrue();
    }
    return pngs.toString();
  }

  @Test
  void structsOfSparkAndOfHuggingFaceAreAnsweredAsTheirFiles() throws IOException {
    String pngs = pngFiles();
    Dataset<Row> files =
        spark
            .read()
            .format("binaryFile")
            .load(pngs)
            .selectExpr("content", "struct(content AS bytes, path) AS image", "path AS example_id");
    Dataset<Row> decoded =
        spark
            .read()
            .format("image")
            .load(pngs)
            .selectExpr("image", "replace(image.origin, 'file:///', 'file:/') AS example_id");
    assertThat(decoded.select("image.nChannels").distinct().count()).isEqualTo(3);
    Map<String, @Nullable Object> expected =
        answers(captioner().setInputCol("content").transform(files), "caption");
    assertThat(expected).hasSize(4).doesNotContainValue(null);
    assertThat(new HashSet<>(expected.values())).hasSizeGreaterThan(1);

    assertThat(answers(captioner().transform(files), "caption")).isEqualTo(expected);
    assertThat(answers(captioner().transform(decoded), "caption")).isEqualTo(expected);
  }

  @Test
  void structsWithoutAnImageAreNullAndSayWhy() {
    OfaCaptioner captioner = captioner().setErrorCol("error");
    String pixels =
        "SELECT named_struct('origin', 'a.png', 'height', %s, 'width', 1, 'nChannels', %s, 'mode',"
            + " %s, 'data', X'000000') AS image";
    Dataset<Row> structs =
        spark.sql(
            String.join(
                " UNION ALL ",
                pixels.formatted(1, 3, 16),
                pixels.formatted(2, 3, 16),
                pixels.formatted(-1, -1, -1),
                pixels.formatted("CAST(null AS INT)", 3, 16),
                "SELECT null"));
    assertThat(errors(captioner.transform(structs.coalesce(1))))
        .containsExactly(
            null,
            "image: 1 x 2 pixels of 3 channels, 3 bytes (expected: a byte for each)",
            "image: -1 channels of mode -1 (expected: 1, 3 or 4 of mode 0, 16 or 24)",
            "image: height null (expected: pixels)",
            "image: null (expected: pixels)");
    Dataset<Row> paths =
        spark.sql("SELECT named_struct('bytes', CAST(null AS BINARY), 'path', 'a.png') AS image");
    assertThat(errors(captioner.transform(paths)))
        .containsExactly(
            "image: bytes null (expected: a JPEG or PNG file; a path beside it is not read)");
  }

  private static List<@Nullable String> errors(Dataset<Row> answers) {
    List<@Nullable String> errors = new ArrayList<>();
    answers.collectAsList().forEach(row -> errors.add(row.getAs("error")));
    return errors;
  }

  private static void assertFails(Runnable call, String message) {
    assertThatThrownBy(call::run).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
  }

  @Test
  void codeOfTheDocumentIsTheCodeOfThisTest() throws IOException {
    String test =
        Files.readString(Path.of("src/test/java/org/ofaspark/jobs/ml/OfaTransformerTest.java"));
    Matcher blocks =
        Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(Path.of("docs/serving.md")));
    assertThat(blocks.results().map(block -> unindented(block.group(1))))
        .hasSize(3)
        .allSatisfy(block -> assertThat(unindented(test)).contains(block));
  }

  private static String unindented(String code) {
    return code.lines().map(String::strip).collect(Collectors.joining("\n"));
  }

  /** Writes an image of the golden table to a folder of its own. */
  private static Path photo() throws IOException {
    Path photos = Files.createDirectories(folder.resolve("photos"));
    return Files.write(
        photos.resolve("photo.png"), rows(new CaptionTask()).first().<byte[]>getAs(IMAGE));
  }

  private static Path model(Task task) {
    return Path.of(models.directory(task));
  }

  @Test
  void readmeCaptionsAnImageWithDjl() throws Exception {
    Path captionModel = model(new CaptionTask());
    Path photo = photo();
    String caption;

    Criteria<Image, String> criteria =
        Criteria.builder()
            .setTypes(Image.class, String.class)
            .optModelPath(captionModel)
            .optTranslatorFactory(new OfaTranslatorFactory())
            .build();
    try (var model = criteria.loadModel();
        var predictor = model.newPredictor()) {
      caption = predictor.predict(ImageFactory.getInstance().fromFile(photo));
    }

    assertThat(caption)
        .isEqualTo(captioner().transform(rows(new CaptionTask())).first().getAs("caption"));
  }

  @Test
  void readmeGroundsAnExpressionWithDjl() throws Exception {
    Path photo = photo();
    DetectedObjects found;
    try (var model =
            Criteria.builder()
                .setTypes(VisionLanguageInput.class, DetectedObjects.class)
                .optModelPath(model(new RefcocoTask()))
                .optTranslatorFactory(new OfaTranslatorFactory())
                .build()
                .loadModel();
        var predictor = model.newPredictor()) {
      Image image = ImageFactory.getInstance().fromFile(photo);
      found = predictor.predict(new VisionLanguageInput(image, "the man in red"));
      image.drawBoundingBoxes(found);
    }
    assertThat(found.getNumberOfObjects()).isBetween(0, 1);
  }

  @Test
  void readmeRunsAPipeline() throws IOException {
    String photoFolder = folder.resolve("photos").toString();
    photo();
    String captionModel = models.directory(new CaptionTask());
    String saved = folder.resolve("pipeline-readme").toString();

    Dataset<Row> photos = spark.read().format("binaryFile").load(photoFolder);
    var captioner = new OfaCaptioner().setInputCol("content").setModelDir(captionModel).setBeam(3);
    new Pipeline().setStages(new PipelineStage[] {captioner}).fit(photos).write().save(saved);
    Dataset<Row> captions = PipelineModel.load(saved).transform(photos).select("path", "caption");

    List<Row> answers = captions.collectAsList();
    assertThat(answers).hasSize(1);
    assertThat(answers.get(0).getString(0)).endsWith("/photo.png");
    assertThat(answers.get(0).getString(1)).isNotBlank();
  }

  @Test
  void modelOfUpstreamsPrecisionAnswersWithoutAGpu() throws Exception {
    Path half = folder.resolve("model-fp16");
    try (Stream<Path> all = Files.list(model(new CaptionTask()))) {
      Files.createDirectories(half);
      for (Path file : all.toList()) {
        Files.copy(file, half.resolve(file.getFileName().toString()));
      }
    }
    Path recipe = half.resolve("recipe.conf");
    String text = Files.readString(recipe);
    String upstreams = text.replaceFirst("(?s)(\nevaluate .*?\\sprecision=)fp32", "$1fp16");
    assertThat(upstreams).isNotEqualTo(text);
    Files.writeString(recipe, upstreams);
    Dataset<Row> rows = rows(new CaptionTask()).limit(2);
    List<Row> expected = captioner().transform(rows).collectAsList();

    assertThat(captioner().setModelDir(half.toString()).transform(rows).collectAsList())
        .isEqualTo(expected);
    assertThatThrownBy(
            () -> captioner().setModelDir(half.toString()).setPrecision("fp16").transform(rows))
        .hasMessageStartingWith("evaluate.precision: fp16 (expected: fp32 or bf16 where no GPU");
    try (var model =
            Criteria.builder()
                .setTypes(Image.class, String.class)
                .optModelPath(half)
                .optTranslatorFactory(new OfaTranslatorFactory())
                .build()
                .loadModel();
        var predictor = model.newPredictor()) {
      assertThat(predictor.predict(ImageFactory.getInstance().fromFile(photo())))
          .isEqualTo(captioner().transform(rows(new CaptionTask())).first().getAs("caption"));
    }
  }

  @Test
  void copyOfATransformerCountsWhereItDoes() {
    OfaCaptioner captioner = captioner();
    Dataset<Row> rows = spoilt(rows(new CaptionTask()), IMAGE, Map.of(0, "null"));

    captioner.transform(rows, captioner.beam().w(1)).collectAsList();

    assertThat(captioner.unanswered()).isPositive();
  }
}
