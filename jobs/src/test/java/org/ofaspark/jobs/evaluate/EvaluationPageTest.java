package org.ofaspark.jobs.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.ofaspark.jobs.cluster.LocalSpark;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.metric.Interval;
import org.ofaspark.task.PredictionColumns;
import org.ofaspark.task.caption.CaptionTask;
import org.ofaspark.task.refcoco.RefcocoTask;

class EvaluationPageTest {

  private static final String ATTACK = "<script>alert('a & \"b\"')</script>";
  private static final String ATTACK_AS_TEXT =
      "&lt;script&gt;alert(&#39;a &amp; &quot;b&quot;&#39;)&lt;/script&gt;";

  private static SparkSession spark;
  private static byte[] picture;

  @BeforeAll
  static void start() throws IOException {
    spark = LocalSpark.start("local[2]");
    picture = picture(640, 480);
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static byte[] picture(int width, int height) throws IOException {
    var image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    var graphics = image.createGraphics();
    graphics.setPaint(new GradientPaint(0, 0, Color.ORANGE, width, height, Color.BLUE));
    graphics.fillRect(0, 0, width, height);
    graphics.dispose();
    var file = new ByteArrayOutputStream();
    ImageIO.write(image, "png", file);
    return file.toByteArray();
  }

  private static Row row(StructType schema, Map<String, Object> columns) {
    Object[] values = new Object[schema.length()];
    columns.forEach((name, value) -> values[schema.fieldIndex(name)] = value);
    return RowFactory.create(values);
  }

  private static Dataset<Row> examples(int count) {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Map<String, Object> columns = new HashMap<>();
      for (String text : List.of(ExampleTable.EXAMPLE_ID, ExampleTable.IMAGE_ID)) {
        columns.put(text, "id-" + i);
      }
      columns.put(ExampleTable.TEXT, "a dog");
      columns.put("image", picture);
      columns.put("width", 640);
      columns.put("height", 480);
      columns.put("source", new Integer[] {0, 2});
      columns.put("target", new Integer[] {0, 2});
      rows.add(row(ExampleTable.SCHEMA, columns));
    }
    return spark.createDataFrame(rows, ExampleTable.SCHEMA);
  }

  private static Map<String, Object> prediction(int i, boolean isCaption) {
    Map<String, Object> columns = new HashMap<>();
    columns.put(ExampleTable.EXAMPLE_ID, "id-" + i);
    columns.put(ExampleTable.IMAGE_ID, "id-" + i);
    columns.put(ExampleTable.TEXT, ATTACK);
    if (isCaption) {
      columns.put(CaptionTask.REFERENCES.name(), new String[] {"a dog", ATTACK});
    }
    columns.put(PredictionColumns.HYPOTHESIS.name(), ATTACK);
    return columns;
  }

  private static Row caption(int i) {
    Map<String, Object> columns = prediction(i, true);
    columns.put("cider", i / 100.0);
    columns.put("bleu_4", 0.5);
    columns.put("rouge_l", 0.5);
    return row(PredictionTable.schema(new CaptionTask()), columns);
  }

  private static Dataset<Row> captions(int count) {
    return spark.createDataFrame(
        IntStream.range(0, count).mapToObj(EvaluationPageTest::caption).toList(),
        PredictionTable.schema(new CaptionTask()));
  }

  private static EvaluationSummary summary(String task, int failed) {
    return new EvaluationSummary(
        task,
        ATTACK,
        "table",
        ATTACK,
        100,
        failed,
        Map.of("cider", 1.25),
        List.of(),
        Map.of("cider", new Interval(1, 1.5)),
        1,
        "directory",
        "1.0");
  }

  private static int occurrences(String text, String part) {
    return text.split(Pattern.quote(part), -1).length - 1;
  }

  @Test
  void textThatIsHtmlIsShownAsText() {
    String page =
        EvaluationPage.of(new CaptionTask(), summary("caption", 0), captions(3), examples(3), 24);

    assertThat(occurrences(page, "<script>")).isEqualTo(1); // the page's own
    assertThat(occurrences(page, "</script>")).isEqualTo(2); // and that of the pictures
    assertThat(occurrences(page, "<article>")).isEqualTo(3);
    assertThat(page)
        .contains("<p class=\"said\">" + ATTACK_AS_TEXT + "</p>")
        .contains("<li>" + ATTACK_AS_TEXT + "</li>")
        .contains("<title>caption, split " + ATTACK_AS_TEXT + "</title>");
  }

  @Test
  void nothingIsAskedForAndNothingElseRuns() {
    String page =
        EvaluationPage.of(new CaptionTask(), summary("caption", 0), captions(3), examples(3), 24);

    assertThat(page)
        .containsPattern(
            "default-src 'none'; img-src data:; style-src 'sha256-[^']{44}';"
                + " script-src 'sha256-[^']{44}'")
        .doesNotContainPattern("(src|href)=\"(?!data:)")
        .doesNotContain(" style=", " onload=", " onclick=");
  }

  @Test
  void metricsHaveTheirIntervals() {
    String page =
        EvaluationPage.of(new CaptionTask(), summary("caption", 0), captions(1), examples(1), 24);

    assertThat(page)
        .contains("<dt>cider</dt><dd>1.2500<small>1.0000 to 1.5000</small></dd>")
        .contains("95&nbsp;% confidence intervals");
  }

  @Test
  void worstAndBestAreShownInTheirOrder() {
    String page =
        EvaluationPage.of(new CaptionTask(), summary("caption", 0), captions(9), examples(9), 2);

    assertThat(page)
        .containsSubsequence("Worst by cider", "id-0<", "id-1<", "Best by cider", "id-8<", "id-7<");
    assertThat(occurrences(page, "<article>")).isEqualTo(4);
  }

  @Test
  void boxesAreDrawnInPixelsOfThePictureAndAnswersThatAreNoneAreTold() {
    StructType schema = PredictionTable.schema(new RefcocoTask());
    Map<String, Object> box = prediction(0, false);
    box.put(RefcocoTask.REGION.name(), new Float[] {10f, 20f, 110f, 220f});
    box.put(RefcocoTask.BOX.name(), new Float[] {40f, 30f, 50f, 60f});
    box.put(RefcocoTask.IS_BOX.name(), true);
    box.put("iou", 0.25);
    Map<String, Object> none = prediction(1, false);
    none.put(RefcocoTask.REGION.name(), new Float[] {10f, 20f, 110f, 220f});
    none.put(
        RefcocoTask.BOX.name(), new Float[] {0f, 0f, 36077f, 36077f}); // as upstream computes it
    none.put(RefcocoTask.IS_BOX.name(), false);
    none.put("iou", 0.0);
    Map<String, Object> failed = prediction(2, false);
    failed.put(PredictionColumns.ERROR.name(), "image: " + ATTACK);
    Dataset<Row> predictions =
        spark.createDataFrame(
            Arrays.asList(row(schema, box), row(schema, none), row(schema, failed)), schema);

    String page =
        EvaluationPage.of(new RefcocoTask(), summary("refcoco", 1), predictions, examples(3), 24);

    assertThat(page)
        .contains("<svg viewBox=\"0 0 640 480\">")
        .contains("<rect class=\"truth\" x=\"10.0\" y=\"20.0\" width=\"100.0\" height=\"200.0\"/>")
        .contains(
            "<rect class=\"predicted\" x=\"40.0\" y=\"30.0\" width=\"10.0\" height=\"30.0\"/>")
        .doesNotContain("36077")
        .contains("<p class=\"nobox\">no box: " + ATTACK_AS_TEXT)
        .contains("<tr><td>id-2</td><td>image: " + ATTACK_AS_TEXT + "</td></tr>");
  }

  @Test
  void picturesAreSmallCopies() {
    String page =
        EvaluationPage.of(new CaptionTask(), summary("caption", 0), captions(8), examples(8), 4);

    assertThat(occurrences(page, " data-picture=\"")).isEqualTo(8);
    assertThat(occurrences(page, ":\"data:image/jpeg;base64,")).isEqualTo(8);
    assertThat(page.length()).isLessThan(8 * 20_000);
  }
}
