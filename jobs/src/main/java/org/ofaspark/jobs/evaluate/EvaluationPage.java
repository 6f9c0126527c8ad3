package org.ofaspark.jobs.evaluate;

import static org.apache.spark.sql.functions.col;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;
import org.ofaspark.data.EncodedImage;
import org.ofaspark.data.Task;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.metric.Rectangle;

/**
 * A page that shows an evaluation: its metrics, then the worst and the best predictions with their
 * pictures. Driver.
 *
 * <p>It is one file that asks for nothing: pictures are in it, its script has no other source, and
 * its policy forbids the rest. Every text of the table is escaped, whatever it holds.
 */
final class EvaluationPage {

  private static final int EXAMPLES = 24;
  private static final String POLICY =
      "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
  private static final String SCRIPT =
      """
      document.querySelector('input').addEventListener('input', event => {
        const words = event.target.value.toLowerCase();
        for (const card of document.querySelectorAll('.card')) {
          card.hidden = !card.textContent.toLowerCase().includes(words);
        }
      });
      """;

  private final Task task;
  private final EvaluationSummary summary;
  private final Map<String, EncodedImage> images = new HashMap<>();
  private final StringBuilder html = new StringBuilder();

  private EvaluationPage(Task task, EvaluationSummary summary) {
    this.task = task;
    this.summary = summary;
  }

  /**
   * Writes the page.
   *
   * @param task decides what is best and what is shown
   * @param summary the metrics
   * @param predictions rows of {@link PredictionTable}
   * @param examples the split, for the pictures
   * @return the file's text
   */
  static String of(
      Task task, EvaluationSummary summary, Dataset<Row> predictions, Dataset<Row> examples) {
    String score = task == Task.CAPTION ? PredictionTable.CIDER : PredictionTable.IOU;
    Dataset<Row> scored = predictions.where(col(score).isNotNull());
    var id = col(ExampleTable.EXAMPLE_ID);
    List<Row> worst = scored.orderBy(col(score), id).limit(EXAMPLES).collectAsList();
    List<Row> best = scored.orderBy(col(score).desc(), id).limit(EXAMPLES).collectAsList();
    var page = new EvaluationPage(task, summary);
    page.readImages(examples, worst);
    page.readImages(examples, best);
    return page.write(score, worst, best);
  }

  private void readImages(Dataset<Row> examples, List<Row> shown) {
    Object[] ids = shown.stream().map(row -> row.getAs(ExampleTable.EXAMPLE_ID)).toArray();
    examples
        .where(col(ExampleTable.EXAMPLE_ID).isin(ids))
        .collectAsList()
        .forEach(
            row ->
                images.put(row.getAs(ExampleTable.EXAMPLE_ID), ExampleTable.fromRow(row).image()));
  }

  private String write(String score, List<Row> worst, List<Row> best) {
    html.append("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n")
        .append("<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n".formatted(POLICY))
        .append("<meta name=\"viewport\" content=\"width=device-width\">\n")
        .append("<link rel=\"icon\" href=\"data:,\">\n")
        .append("<title>%s</title>\n<style>\n%s</style>\n".formatted(title(), style()))
        .append("<h1>%s</h1>\n".formatted(title()))
        .append("<div class=\"source\">%s</div>\n".formatted(escape(summary.weights())));
    metrics();
    html.append("<input type=\"search\" placeholder=\"Show only examples with ...\">\n");
    if (task == Task.REFCOCO) {
      html.append(
          "<p class=\"legend\"><b class=\"predicted\">predicted</b>, <b class=\"truth\">true</b>\n");
    }
    cards("Worst by " + score, score, worst);
    cards("Best by " + score, score, best);
    return html.append("<script>\n%s</script>\n</html>\n".formatted(SCRIPT)).toString();
  }

  private String title() {
    return escape("%s, split %s".formatted(summary.task(), summary.split()));
  }

  private static String style() {
    try (InputStream in = EvaluationPage.class.getResourceAsStream("page.css")) {
      if (in == null) {
        throw new IllegalStateException("page.css: missing (expected: in the jar)");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void metrics() {
    html.append("<div class=\"metrics\">\n");
    summary.metrics().forEach((name, value) -> metric(name, "%.4f", value));
    metric("examples", "%,d", summary.examples());
    if (summary.failed() > 0) {
      metric("without a prediction", "%,d", summary.failed());
    }
    html.append("</div>\n");
  }

  private void metric(String name, String format, Object value) {
    html.append(
        "<div><b>%s</b><span>%s</span></div>\n"
            .formatted(String.format(Locale.ROOT, format, value), escape(name)));
  }

  private void cards(String heading, String score, List<Row> rows) {
    html.append("<h2>%s</h2>\n<div class=\"cards\">\n".formatted(heading));
    rows.forEach(row -> card(score, row));
    html.append("</div>\n");
  }

  private void card(String score, Row row) {
    html.append("<div class=\"card\">");
    picture(row);
    html.append("<p class=\"said\">%s</p>\n".formatted(escape(said(row))));
    for (String asked : asked(row)) {
      html.append("<p class=\"asked\">%s</p>\n".formatted(escape(asked)));
    }
    html.append(
        "<p class=\"score\"><span>%s %s</span><span>%s</span></p></div>\n"
            .formatted(
                score,
                String.format(Locale.ROOT, "%.3f", row.<Double>getAs(score)),
                escape(row.getAs(ExampleTable.EXAMPLE_ID))));
  }

  private String said(Row row) {
    String hypothesis = row.getAs(PredictionTable.HYPOTHESIS);
    boolean isNoBox =
        task == Task.REFCOCO && PredictionTable.rectangle(row, PredictionTable.BOX) == null;
    return isNoBox ? hypothesis + " (no box)" : task == Task.REFCOCO ? text(row) : hypothesis;
  }

  private List<String> asked(Row row) {
    return task == Task.REFCOCO
        ? List.of()
        : new ArrayList<>(row.<String>getList(row.fieldIndex(ExampleTable.REFERENCES)));
  }

  private static String text(Row row) {
    return row.getAs(ExampleTable.TEXT);
  }

  private void picture(Row row) {
    Optional.ofNullable(images.get(row.<String>getAs(ExampleTable.EXAMPLE_ID)))
        .ifPresent(
            image -> {
              html.append(
                  "<div class=\"picture\"><img alt=\"\" src=\"data:image/%s;base64,%s\">"
                      .formatted(
                          image.bytes()[0] == (byte) 0xff ? "jpeg" : "png",
                          Base64.getEncoder().encodeToString(image.bytes())));
              box(image, "truth", PredictionTable.rectangle(row, PredictionTable.REGION));
              box(image, "predicted", PredictionTable.rectangle(row, PredictionTable.BOX));
              html.append("</div>\n");
            });
  }

  private void box(EncodedImage image, String kind, @Nullable Rectangle box) {
    if (box != null) {
      html.append(
          String.format(
              Locale.ROOT,
              "<div class=\"box %s\" style=\"left:%.2f%%;top:%.2f%%;width:%.2f%%;height:%.2f%%\">"
                  + "</div>",
              kind,
              100 * box.x0() / image.width(),
              100 * box.y0() / image.height(),
              100 * (box.x1() - box.x0()) / image.width(),
              100 * (box.y1() - box.y0()) / image.height()));
    }
  }

  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }
}
