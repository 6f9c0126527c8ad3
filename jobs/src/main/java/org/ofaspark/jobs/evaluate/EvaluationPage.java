package org.ofaspark.jobs.evaluate;

import static org.apache.spark.sql.functions.col;
import static org.ofaspark.jobs.page.HtmlPage.escape;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.page.HtmlPage;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.metric.Interval;
import org.ofaspark.task.CountedMetrics;
import org.ofaspark.task.PredictionColumns;
import org.ofaspark.task.Task;
import scala.Tuple2;

/**
 * A page that shows an evaluation: its metrics, then the worst and the best predictions with their
 * pictures. Driver; executors make the cards.
 *
 * <p>Small copies of the pictures are in the file, and every text of the table is escaped, whatever
 * it holds. Cards that are out of sight are not laid out, and the pictures stand behind them in a
 * text that costs nothing until they are shown, so that thousands of them open at once.
 */
final class EvaluationPage {

  private static final int MAX_ERRORS = 100;

  /**
   * Up to so many pictures are sharp also where a pixel of CSS is two; more of them are smaller.
   */
  private static final int FEW = 200;

  private static final int SIDE_OF_FEW = 400;
  private static final int SIDE_OF_MANY = 160;

  private static final String ID = ExampleTable.EXAMPLE_ID;

  private final Task task;
  private final EvaluationSummary summary;
  private final HtmlPage html;
  private final Map<String, String> pictures = new TreeMap<>();

  private EvaluationPage(Task task, EvaluationSummary summary) {
    this.task = task;
    this.summary = summary;
    String title = Text.format("%s, split %s", summary.task(), summary.split());
    this.html = new HtmlPage(title, summary.weights(), EvaluationPage.class, "evaluation");
  }

  /**
   * Writes the page.
   *
   * @param task decides what is best and what is shown
   * @param summary the metrics
   * @param predictions rows of {@link PredictionTable}
   * @param examples the split, for the pictures
   * @param shown how many of the worst and of the best are shown
   * @return the file's text
   */
  static String of(
      Task task,
      EvaluationSummary summary,
      Dataset<Row> predictions,
      Dataset<Row> examples,
      int shown) {
    var page = new EvaluationPage(task, summary);
    page.metrics();
    new SplitMetrics(task).table(predictions).ifPresent(page::table);
    page.examples(predictions, examples, shown);
    page.errors(predictions);
    return page.html.end("pictures", page.pictures);
  }

  private void metrics() {
    html.append("<dl class=\"metrics\">\n");
    List<String> names = new SplitMetrics(task).names();
    names.retainAll(summary.metrics().keySet());
    for (String name : names) {
      @Nullable Interval interval = summary.intervals().get(name);
      html.metric(
          name,
          Text.format("%.4f", summary.metrics().get(name)),
          interval == null ? "" : Text.format("%.4f to %.4f", interval.low(), interval.high()));
    }
    html.metric("examples", Text.format("%,d", summary.examples()), "");
    if (summary.failed() > 0) {
      html.metric("without a prediction", Text.format("%,d", summary.failed()), "");
    }
    html.append("</dl>\n");
    if (!summary.intervals().isEmpty()) {
      html.append(
          "<p class=\"note\">Small: 95&nbsp;% confidence intervals, from bootstrap samples.</p>\n");
    }
  }

  private void table(CountedMetrics.Table table) {
    html.append(Text.format("<h2>%s</h2>\n", escape(table.heading())));
    html.table(
        table.rows().stream().map(row -> row.stream().map(HtmlPage::escape).toList()).toList());
  }

  private void examples(Dataset<Row> predictions, Dataset<Row> examples, int shown) {
    String score = new SplitMetrics(task).exampleScore();
    Dataset<Row> scored = predictions.where(col(score).isNotNull());
    Map<String, List<Row>> sections = new LinkedHashMap<>();
    Dataset<Row> worst = ordered(scored, col(score).asc());
    if (scored.count() <= 2L * shown) {
      sections.put("From worst to best by " + score, worst.collectAsList());
    } else {
      Dataset<Row> best = ordered(scored, col(score).desc());
      sections.put("Worst by " + score, worst.limit(shown).collectAsList());
      sections.put("Best by " + score, best.limit(shown).collectAsList());
    }
    html.append(
        "<div class=\"tools\"><input type=\"search\" aria-label=\"Filter\""
            + " placeholder=\"Show only examples with ...\"><output></output>");
    if (sections.values().stream().flatMap(List::stream).anyMatch(this::hasBox)) {
      html.append("<span><b class=\"predicted\">predicted</b> <b class=\"truth\">true</b></span>");
    }
    html.append("</div>\n");
    sections.forEach((heading, rows) -> cards(heading, rows, examples));
  }

  private boolean hasBox(Row prediction) {
    return task.view(PredictionTable.fields(task, prediction)).truth() != null;
  }

  private static Dataset<Row> ordered(Dataset<Row> predictions, Column order) {
    return predictions.orderBy(order, col(ID));
  }

  private void cards(String heading, List<Row> rows, Dataset<Row> examples) {
    Object[] ids = rows.stream().map(PredictionTable::exampleId).toArray();
    Map<String, Row> byId =
        rows.stream().collect(Collectors.toMap(PredictionTable::exampleId, Function.identity()));
    Task shown = task;
    int side = rows.size() <= FEW ? SIDE_OF_FEW : SIDE_OF_MANY;
    Map<String, ExampleCard> cards =
        examples
            .where(col(ID).isin(ids))
            .javaRDD()
            .map(ExampleTable::fromRow)
            .mapToPair(
                example ->
                    new Tuple2<>(
                        example.exampleId(),
                        ExampleCard.of(
                            shown,
                            Objects.requireNonNull(byId.get(example.exampleId())),
                            example.image(),
                            side)))
            .collectAsMap();
    html.append(Text.format("<h2>%s</h2>\n<section>\n", heading));
    for (Object id : ids) {
      ExampleCard card = cards.get(id);
      if (card != null) {
        html.append(card.html());
        pictures.put((String) id, card.picture());
      }
    }
    html.append("</section>\n");
  }

  private void errors(Dataset<Row> predictions) {
    List<Row> rows =
        predictions
            .where(col(PredictionColumns.ERROR.name()).isNotNull())
            .orderBy(ID)
            .select(ID, PredictionColumns.ERROR.name())
            .limit(MAX_ERRORS)
            .collectAsList();
    if (rows.isEmpty()) {
      return;
    }
    html.append("<h2>Without a prediction</h2>\n");
    List<List<String>> cells = new ArrayList<>();
    cells.add(List.of("example", "error"));
    rows.forEach(row -> cells.add(List.of(escape(row.getString(0)), escape(row.getString(1)))));
    html.table(cells);
  }
}
