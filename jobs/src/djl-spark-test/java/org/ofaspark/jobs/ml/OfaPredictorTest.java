package org.ofaspark.jobs.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.spark.task.BasePredictor;
import ai.djl.spark.task.binary.BinaryPredictor;
import ai.djl.spark.task.vision.ObjectDetector;
import com.google.gson.JsonArray;
import com.google.gson.JsonParser;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.djl.OfaTranslatorFactory;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.serving.ExecutorModel;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.task.Task;
import org.ofaspark.task.caption.CaptionTask;
import org.ofaspark.task.refcoco.RefcocoTask;

/** Predictors of DJL's Spark extension, or of what stands in for it, against our transformers. */
class OfaPredictorTest {

  private static final String IMAGE = "image";
  private static final String ID = ExampleTable.EXAMPLE_ID;

  @TempDir private static Path folder;
  private static SparkSession spark;
  private static ExportedModels models;

  @BeforeAll
  static void start() throws IOException {
    spark = LocalSpark.start("local[2]");
    models = new ExportedModels(spark, folder);
  }

  @AfterAll
  static void stop() {
    ExecutorModel.closeIdle();
    spark.stop();
  }

  /** Tells whether the classes of the extension are its own. */
  static boolean hasExtension() {
    String from = BasePredictor.class.getProtectionDomain().getCodeSource().getLocation().getPath();
    return !from.endsWith("/test-classes/");
  }

  private static Dataset<Row> rows(Task task) {
    return models.examples(task).select(ID, IMAGE, ExampleTable.TEXT);
  }

  /** Transforms as the extension's base class does. */
  private static Dataset<Row> transform(OfaPredictor predictor, Dataset<Row> rows) {
    if (hasExtension()) {
      return predictor.transform(rows);
    }
    StructType schema = predictor.transformSchema(rows.schema());
    MapPartitionsFunction<Row, Row> partition =
        some -> ScalaRows.toJava(predictor.transformRows(new ScalaRows(some)));
    return rows.mapPartitions(partition, Encoders.row(schema));
  }

  private static Map<String, @Nullable Object> answers(
      Dataset<Row> rows, String id, String column) {
    Map<String, @Nullable Object> answers = new HashMap<>();
    for (Row row : rows.collectAsList()) {
      answers.put(row.getAs(id), row.getAs(column));
    }
    return answers;
  }

  private static Dataset<Row> withNulls(Dataset<Row> rows) {
    return rows.union(rows.limit(1).selectExpr("'none' AS id", "null AS image", "text"))
        .union(rows.limit(1).selectExpr("'bad' AS id", "X'00' AS image", "text"))
        .union(rows.limit(1).selectExpr("'mute' AS id", "image", "null AS text"));
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

  @Test
  void captionsAreThoseOfTheCaptioner() {
    Dataset<Row> rows = withNulls(rows(new CaptionTask()));
    OfaPredictor predictor = new OfaCaptionPredictor().setInputCol(IMAGE);
    predictor.setModelUrl("file://" + models.directory(new CaptionTask()));
    predictor.setBatchSize(3);

    Map<String, @Nullable Object> captions = answers(transform(predictor, rows), ID, "caption");

    assertThat(captions).isEqualTo(answers(captioner().transform(rows), ID, "caption"));
    assertThat(captions).containsEntry("none", null).containsEntry("bad", null);
    assertThat(new HashSet<>(captions.values())).hasSizeGreaterThan(2);
  }

  @Test
  void regionsAreThoseOfTheGrounder() {
    Dataset<Row> rows = withNulls(rows(new RefcocoTask()));
    OfaPredictor predictor =
        new OfaRegionPredictor().setInputCol(IMAGE).setTextCol(ExampleTable.TEXT);
    predictor.setModelUrl("file://" + models.directory(new RefcocoTask()));

    Map<String, @Nullable Object> boxes = answers(transform(predictor, rows), ID, "box");

    assertThat(boxes).isEqualTo(answers(grounder().transform(rows), ID, "box"));
    assertThat(boxes)
        .containsEntry("none", null)
        .containsEntry("bad", null)
        .containsEntry("mute", null);
    assertThat(new HashSet<>(boxes.values())).hasSizeGreaterThan(3);
  }

  @Test
  void mistakesAreToldBeforeAnythingRuns() {
    StructType schema = rows(new RefcocoTask()).schema();
    assertThatThrownBy(() -> new OfaCaptionPredictor().transformSchema(schema))
        .hasMessage("inputCol: not set (expected: the name of a column of images)");
    assertThatThrownBy(() -> new OfaCaptionPredictor().setInputCol("text").transformSchema(schema))
        .hasMessageStartingWith("inputCol: text, string (expected: a column of images: binary,");
    assertThatThrownBy(
            () ->
                new OfaRegionPredictor()
                    .setInputCol(IMAGE)
                    .setTextCol(IMAGE)
                    .transformSchema(schema))
        .hasMessage("textCol: image, binary (expected: a column of type string)");
    assertThatThrownBy(
            () ->
                new OfaCaptionPredictor()
                    .setInputCol(IMAGE)
                    .setOutputCol("Text")
                    .transformSchema(schema))
        .hasMessage("outputCol: Text (expected: a name that no column has, whatever its case)");
  }

  /** Writes golden images and their negatives as PNG files in colours. */
  private static String photoFolder() throws IOException {
    Path photos = Files.createDirectories(folder.resolve("photos"));
    int count = 0;
    for (Row row :
        rows(new CaptionTask()).union(rows(new RefcocoTask())).limit(6).collectAsList()) {
      BufferedImage image = ImageIO.read(new ByteArrayInputStream(row.<byte[]>getAs(IMAGE)));
      for (int mask : new int[] {0, 0xFFFFFF}) {
        var copy =
            new BufferedImage(image.getWidth(), image.getHeight(), BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < image.getHeight(); y++) {
          for (int x = 0; x < image.getWidth(); x++) {
            copy.setRGB(x, y, image.getRGB(x, y) ^ mask);
          }
        }
        Path file = photos.resolve(count++ + ".png");
        assertThat(ImageIO.write(copy, "png", file.toFile())).isTrue();
      }
    }
    return photos.toString();
  }

  @Test
  @EnabledIf("hasExtension")
  void pageCaptionsFilesWithTheExtensionsPredictor() throws IOException {
    String photoFolder = photoFolder();
    String captionModel = models.directory(new CaptionTask());

    Dataset<Row> photos = spark.read().format("binaryFile").load(photoFolder);
    var predictor = new BinaryPredictor();
    predictor.setInputCol("content");
    predictor.setOutputCol("caption");
    predictor.setModelUrl("file://" + captionModel);
    predictor.setEngine("PyTorch");
    predictor.setTranslatorFactory(new OfaTranslatorFactory(Map.of("invalidInput", "skip")));
    Dataset<Row> captions =
        predictor.predict(photos).withColumn("caption", functions.expr("string(caption)"));

    Map<String, @Nullable Object> expected =
        answers(captioner().setInputCol("content").transform(photos), "path", "caption");
    assertThat(answers(captions, "path", "caption"))
        .isEqualTo(expected)
        .hasSize((int) photos.count());
    assertThat(new HashSet<>(expected.values())).hasSizeGreaterThan(1);
    Dataset<Row> bad = spark.sql("SELECT CAST(null AS BINARY) AS content UNION ALL SELECT X'00'");
    assertThat(predictor.predict(bad).collectAsList())
        .hasSize(2)
        .allSatisfy(row -> assertThat(row.<byte[]>getAs("caption")).isEmpty());
  }

  @Test
  @EnabledIf("hasExtension")
  void pageFindsAnExpressionWithTheExtensionsDetector() throws IOException {
    String photoFolder = photoFolder();
    String regionModel = models.directory(new RefcocoTask());

    Dataset<Row> images = spark.read().format("image").load(photoFolder).select("image.*");
    var detector = new ObjectDetector();
    String[] columns = {"origin", "height", "width", "nChannels", "mode", "data"};
    detector.setInputCols(columns);
    detector.setOutputCol("found");
    detector.setModelUrl("file://" + regionModel);
    detector.setEngine("PyTorch");
    detector.setTranslatorFactory(new OfaTranslatorFactory(Map.of("text", "the man in red")));
    Dataset<Row> found = detector.detect(images);

    Map<String, List<Float>> boxes = new HashMap<>();
    for (Row row : found.collectAsList()) {
      Row objects = row.getAs("found");
      assertThat(objects.<String>getList(0)).containsExactly("the man in red");
      boxes.put(row.getAs("origin"), corners(objects.<String>getList(2).get(0), row));
    }
    Dataset<Row> asked =
        images.selectExpr("origin", "struct(*) AS image", "'the man in red' AS text");
    Map<String, List<Float>> expected = new HashMap<>();
    for (Row row : grounder().transform(asked).collectAsList()) {
      Row box = row.getAs("box");
      expected.put(
          row.getAs("origin"),
          List.of(box.getFloat(0), box.getFloat(1), box.getFloat(2), box.getFloat(3)));
    }
    assertThat(boxes).isEqualTo(expected).hasSize((int) images.count());
    assertThat(new HashSet<>(expected.values())).hasSizeGreaterThan(1);
  }

  /** Reads a box in shares of the image. */
  private static List<Float> corners(String box, Row image) {
    JsonArray shares = JsonParser.parseString(box).getAsJsonObject().getAsJsonArray("rect");
    int width = image.getAs("width");
    int height = image.getAs("height");
    return List.of(
        (float) (shares.get(0).getAsDouble() * width),
        (float) (shares.get(1).getAsDouble() * height),
        (float) (shares.get(2).getAsDouble() * width),
        (float) (shares.get(3).getAsDouble() * height));
  }

  @Test
  void pageRunsTheReadyPredictors() throws IOException {
    String photoFolder = photoFolder();
    String captionModel = models.directory(new CaptionTask());
    String regionModel = models.directory(new RefcocoTask());
    Dataset<Row> photos = spark.read().format("binaryFile").load(photoFolder);
    Dataset<Row> questions = photos.withColumn("text", functions.lit("the man in red"));

    var captions = new OfaCaptionPredictor().setInputCol("content");
    captions.setModelUrl("file://" + captionModel);
    var regions = new OfaRegionPredictor().setInputCol("content").setTextCol("text");
    regions.setModelUrl("file://" + regionModel);

    assertThat(answers(transform(captions, photos), "path", "caption"))
        .hasSize((int) photos.count())
        .doesNotContainValue(null);
    assertThat(answers(transform(regions, questions), "path", "box"))
        .isEqualTo(answers(grounder().setInputCol("content").transform(questions), "path", "box"));
  }

  @Test
  void pixelsOfSparkAreAnsweredAsByTheCaptioner() throws IOException {
    Dataset<Row> images =
        spark.read().format("image").load(photoFolder()).selectExpr("image", "image.origin AS id");
    OfaPredictor predictor = new OfaCaptionPredictor().setInputCol(IMAGE);
    predictor.setModelUrl("file://" + models.directory(new CaptionTask()));

    assertThat(answers(transform(predictor, images), "id", "caption"))
        .isEqualTo(answers(captioner().transform(images), "id", "caption"))
        .hasSize((int) images.count());
  }

  @Test
  void codeOfThePageIsTheCodeOfThisTest() throws IOException {
    String test =
        unindented(
            Files.readString(
                Path.of("src/djl-spark-test/java/org/ofaspark/jobs/ml/OfaPredictorTest.java")));
    Matcher blocks =
        Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(Path.of("docs/djl-spark.md")));
    assertThat(blocks.results().map(block -> unindented(block.group(1))))
        .hasSize(3)
        .allSatisfy(block -> assertThat(test).contains(block));
  }

  private static String unindented(String code) {
    return code.lines().map(String::strip).collect(Collectors.joining("\n"));
  }
}
