package org.ofaspark.jobs.evaluate;

import static org.ofaspark.jobs.page.HtmlPage.escape;

import java.io.Serializable;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;
import org.ofaspark.data.Column;
import org.ofaspark.data.EncodedImage;
import org.ofaspark.data.Fields;
import org.ofaspark.image.Box;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.task.ExampleView;
import org.ofaspark.task.Task;

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
    Fields prediction = PredictionTable.fields(task, row);
    ExampleView view = task.view(prediction);
    String id = escape(PredictionTable.exampleId(row));
    String html =
        Text.format(
            "<article>%s<p class=\"said\">%s</p>%s%s<p class=\"scores\">%s</p>"
                + "<p class=\"id\">%s</p></article>\n",
            picture(id, image, boxes(view, image)),
            escape(view.headline()),
            references(view.references()),
            view.note().isEmpty()
                ? ""
                : Text.format("<p class=\"nobox\">%s</p>", escape(view.note())),
            scores(view.scores(), prediction),
            id);
    return new ExampleCard(html, Thumbnail.url(image, side));
  }

  private static String references(List<String> references) {
    return references.isEmpty()
        ? ""
        : references.stream()
            .map(text -> Text.format("<li>%s</li>", escape(text)))
            .collect(Collectors.joining("", "<ul>", "</ul>"));
  }

  private static String scores(List<Column<Double>> columns, Fields prediction) {
    return columns.stream()
        .filter(column -> prediction.get(column) != null)
        .map(
            column ->
                Text.format(
                    "<span>%s <b>%.2f</b></span> ", column.name(), prediction.require(column)))
        .collect(Collectors.joining());
  }

  private static String picture(String id, EncodedImage image, String boxes) {
    return Text.format(
        "<div class=\"picture\"><img alt=\"\" width=\"%d\" height=\"%d\""
            + " data-picture=\"%s\">%s</div>",
        image.width(), image.height(), id, boxes);
  }

  private static String boxes(ExampleView view, EncodedImage image) {
    if (view.truth() == null && view.predicted() == null) {
      return "";
    }
    return Text.format(
        "<svg viewBox=\"0 0 %d %d\">%s%s</svg>",
        image.width(),
        image.height(),
        box("truth", view.truth()),
        box("predicted", view.predicted()));
  }

  private static String box(String kind, @Nullable Box box) {
    if (box == null) {
      return "";
    }
    return Text.format(
        "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
        kind, box.x0(), box.y0(), box.x1() - box.x0(), box.y1() - box.y0());
  }
}
