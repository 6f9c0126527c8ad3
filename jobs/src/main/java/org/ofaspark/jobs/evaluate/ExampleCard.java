package org.ofaspark.jobs.evaluate;

import static org.ofaspark.jobs.page.HtmlPage.escape;

import java.io.Serializable;
import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;
import org.ofaspark.data.EncodedImage;
import org.ofaspark.data.Task;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.metric.Rectangle;

/**
 * An example on a page: its picture, what was answered and what was asked for.
 *
 * @param html names the picture by the example's id
 * @param picture data URL of the picture
 */
record ExampleCard(String html, String picture) implements Serializable {

  /**
   * Makes a card.
   *
   * @param task decides what is shown
   * @param row of {@link PredictionTable}, with a prediction
   * @param image the example's picture
   * @param side the longest side of its copy, in pixels
   */
  static ExampleCard of(Task task, Row row, EncodedImage image, int side) {
    String body = task == Task.CAPTION ? caption(row) : expression(row);
    String html =
        String.format(
            Locale.ROOT,
            "<article>%s%s<p class=\"id\">%s</p></article>\n",
            picture(row, image),
            body,
            text(row, ExampleTable.EXAMPLE_ID));
    return new ExampleCard(html, Thumbnail.url(image, side));
  }

  private static String caption(Row row) {
    var html = new StringBuilder();
    html.append(
        String.format(
            Locale.ROOT, "<p class=\"said\">%s</p>", text(row, PredictionTable.HYPOTHESIS)));
    html.append("<ul>");
    for (String reference : row.<String>getList(row.fieldIndex(ExampleTable.REFERENCES))) {
      html.append(String.format(Locale.ROOT, "<li>%s</li>", escape(reference)));
    }
    html.append("</ul><p class=\"scores\">");
    for (String score :
        List.of(PredictionTable.CIDER, PredictionTable.CIDER_VALID, "bleu_4", "rouge_l")) {
      if (row.<Double>getAs(score) != null) {
        html.append(score(row, score));
      }
    }
    return html.append("</p>").toString();
  }

  private static String expression(Row row) {
    String said =
        PredictionTable.isBox(row)
            ? ""
            : String.format(
                Locale.ROOT,
                "<p class=\"nobox\">no box: %s</p>",
                text(row, PredictionTable.HYPOTHESIS));
    return String.format(
        Locale.ROOT,
        "<p class=\"said\">%s</p>%s<p class=\"scores\">%s</p>",
        text(row, ExampleTable.TEXT),
        said,
        score(row, PredictionTable.IOU));
  }

  private static String score(Row row, String name) {
    return String.format(
        Locale.ROOT,
        "<span>%s <b>%s</b></span> ",
        name,
        String.format(Locale.ROOT, "%.2f", row.<Double>getAs(name)));
  }

  private static String text(Row row, String column) {
    return escape(row.getAs(column));
  }

  private static String picture(Row row, EncodedImage image) {
    return String.format(
        Locale.ROOT,
        "<div class=\"picture\"><img alt=\"\" width=\"%d\" height=\"%d\""
            + " data-picture=\"%s\">%s</div>",
        image.width(),
        image.height(),
        text(row, ExampleTable.EXAMPLE_ID),
        boxes(row, image));
  }

  private static String boxes(Row row, EncodedImage image) {
    Rectangle truth = PredictionTable.rectangle(row, PredictionTable.REGION);
    if (truth == null) {
      return "";
    }
    Rectangle predicted =
        PredictionTable.isBox(row) ? PredictionTable.rectangle(row, PredictionTable.BOX) : null;
    return String.format(
        Locale.ROOT,
        "<svg viewBox=\"0 0 %d %d\">%s%s</svg>",
        image.width(),
        image.height(),
        box("truth", truth),
        box("predicted", predicted));
  }

  private static String box(String kind, @Nullable Rectangle box) {
    if (box == null) {
      return "";
    }
    return String.format(
        Locale.ROOT,
        "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
        kind,
        box.x0(),
        box.y0(),
        box.x1() - box.x0(),
        box.y1() - box.y0());
  }
}
