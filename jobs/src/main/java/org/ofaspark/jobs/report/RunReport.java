package org.ofaspark.jobs.report;

import static org.ofaspark.jobs.page.HtmlPage.escape;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.hadoop.fs.ChecksumException;
import org.jspecify.annotations.Nullable;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.config.AllChecks;
import org.ofaspark.config.Text;
import org.ofaspark.criterion.LoggedRatio;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.jobs.evaluate.EvaluationSummary;
import org.ofaspark.jobs.page.HtmlPage;
import org.ofaspark.jobs.ranking.RankingSummary;
import org.ofaspark.jobs.ranking.RankingSummary.Bonus;
import org.ofaspark.jobs.ranking.RankingSummary.Sample;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.metric.Interval;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A page that shows a run: its curves, validations, example rankings and evaluations. Driver.
 *
 * <p>One file that asks for nothing, to be opened while the run goes on or years after it.
 */
public final class RunReport {

  private static final Logger LOG = LoggerFactory.getLogger(RunReport.class);

  private static final int SAMPLES = 5;
  private static final double MEDIAN = 0.5;

  private final RunMetrics metrics;
  private final Recipe recipe;
  private final OptionalLong totalUpdates;
  private final List<Manifest> checkpoints = new ArrayList<>();
  private final Map<Long, RankingSummary> rankings = new TreeMap<>();
  private final List<List<Series>> charts = new ArrayList<>();
  private final HtmlPage html;

  private RunReport(HadoopFiles files, RunDirectory run) throws IOException {
    this.metrics = RunMetrics.read(files, run);
    if (!files.exists(run.recipe())) {
      throw new IllegalArgumentException(
          Text.format("run-dir: %s (expected: a run that has trained, for a report)", run.path()));
    }
    this.recipe = RecipeReader.parse(run.recipe(), files.readText(run.recipe()), List.of());
    this.totalUpdates = totalUpdates(files, run.provenance());
    for (long update : run.checkpoints()) {
      readIfWhole(() -> checkpoints.add(run.manifest(update)));
    }
    for (long update : run.rankings()) {
      String file = run.ranking(update) + "/" + RankingSummary.FILE;
      if (files.exists(file)) {
        readIfWhole(() -> rankings.put(update, RankingSummary.parse(files.readText(file), file)));
      }
    }
    String name = run.path().replaceFirst(".*/", "");
    this.html = new HtmlPage(name, run.path(), RunReport.class, "report");
  }

  /** Reads a file of the run, which the report leaves out if it is damaged. */
  private static void readIfWhole(AllChecks.Check<IOException> reading) throws IOException {
    try {
      reading.run();
    } catch (BadCheckpointException | IllegalArgumentException | ChecksumException e) {
      LOG.warn("{}; the report leaves it out", e.getMessage());
    }
  }

  private static OptionalLong totalUpdates(HadoopFiles files, String provenance)
      throws IOException {
    try {
      JsonObject json = JsonParser.parseString(files.readText(provenance)).getAsJsonObject();
      return OptionalLong.of(json.get("total_updates").getAsLong());
    } catch (RuntimeException | FileNotFoundException | ChecksumException e) { // Gson has many
      LOG.warn(
          "{}: damaged or missing (expected: what the run wrote at its start); the report does not"
              + " say how many updates the run is to have",
          provenance);
      return OptionalLong.empty();
    }
  }

  /**
   * Writes the page into the run's directory, in the place of an earlier one.
   *
   * @param files access to the file system
   * @param run a run that has trained
   * @return the page's path
   * @throws IllegalArgumentException if the directory holds no run
   */
  public static String write(HadoopFiles files, RunDirectory run) throws IOException {
    files.writeText(run.report(), new RunReport(files, run).page());
    return run.report();
  }

  private String page() {
    settings();
    figures();
    html.append("<section>\n");
    charts();
    html.append("</section>\n");
    validations();
    rankings();
    evaluations();
    return html.end("charts", Map.of("last", metrics.lastUpdate(), "charts", charts));
  }

  private void settings() {
    List<String> words = new ArrayList<>();
    words.add(recipe.task().name());
    words.add(recipe.criterion().objective().title());
    words.add("lr " + recipe.optimizer().lr());
    words.add("global batch " + recipe.train().globalBatch());
    words.add(recipe.train().precision().name().toLowerCase(Locale.ROOT));
    if (!checkpoints.isEmpty()) {
      Manifest last = checkpoints.get(checkpoints.size() - 1);
      words.add(Text.format("%,d parameters", last.parameters()));
      words.add(last.worldSize() == 1 ? "1 rank" : Text.format("%d ranks", last.worldSize()));
    }
    html.append(Text.format("<p class=\"source\">%s</p>\n", escape(String.join(" · ", words))));
  }

  /** What one looks at first. */
  private void figures() {
    html.append("<dl class=\"metrics\">\n");
    metrics
        .lastInterval()
        .ifPresent(
            line -> {
              String epoch = "epoch " + epoch(line);
              String total =
                  totalUpdates.isPresent() ? Text.format(" of %,d", totalUpdates.getAsLong()) : "";
              html.metric("updates", Text.format("%,d%s", metrics.lastUpdate(), total), epoch);
              html.metric("loss, last interval", number(line.get("loss")), "");
            });
    best();
    metrics
        .median("sentences_per_second")
        .ifPresent(
            speed -> html.metric("samples/s", Text.format("%.1f", speed), "median of intervals"));
    metrics
        .median("data_share")
        .ifPresent(share -> html.metric("waiting for data", percent(share), "of the time"));
    metrics
        .median("collective_share")
        .ifPresent(share -> html.metric("collective", percent(share), "of the time"));
    double skipped = metrics.sum("skipped");
    if (skipped > 0) {
      html.metric("skipped updates", Text.format("%,.0f", skipped), "gradient not finite");
    }
    html.append("</dl>\n");
  }

  private void best() {
    String metric = recipe.train().bestCheckpointMetric();
    for (JsonObject line : metrics.validations()) {
      if (line.get("update").getAsLong() == metrics.best().orElse(-1)) {
        String update = "best, at update " + line.get("update").getAsLong();
        html.metric(metric + ", validation", number(line.get(metric)), update);
      }
    }
  }

  private void charts() {
    List<JsonObject> train = metrics.train();
    List<JsonObject> valid = metrics.validations();
    chart(
        "Loss",
        Series.of("training", train, "loss"),
        Series.of("training, nll", train, "nll_loss"),
        Series.of("validation", valid, "loss"));
    String metric = recipe.train().bestCheckpointMetric();
    if (!metric.equals("loss")) {
      chart("Validation", Series.of(metric, valid, metric));
    }
    chart("Gradient norm", Series.of("before clipping", train, "gnorm"));
    chart("Learning rate", Series.of("lr", train, "lr"));
    chart("Speed", Series.of("samples/s", train, "sentences_per_second"));
    chart(
        "Shares of time",
        Series.of("waiting for data", train, "data_share"),
        Series.of("collective", train, "collective_share"));
    chart("Accuracy of target tokens", Series.of("training", train, "accuracy"));
    Map<String, List<Series>> ofObjective = new LinkedHashMap<>();
    for (LoggedRatio logged : recipe.criterion().objective().logged()) {
      ofObjective
          .computeIfAbsent(logged.chart(), chart -> new ArrayList<>())
          .add(Series.of(logged.series(), train, logged.name()));
    }
    ofObjective.forEach((title, series) -> chart(title, series.toArray(Series[]::new)));
  }

  /** Draws what there is. */
  private void chart(String title, Series... series) {
    List<Series> drawn = Stream.of(series).filter(each -> !each.points().isEmpty()).toList();
    if (!drawn.isEmpty()) {
      html.append(LineChart.of(title, drawn, (double) metrics.lastUpdate()));
      charts.add(drawn);
    }
  }

  private void validations() {
    if (metrics.validations().isEmpty()) {
      return;
    }
    Set<String> names = metrics.validationNames();
    List<List<String>> rows = new ArrayList<>();
    rows.add(row(List.of("update", "epoch"), names.stream().map(HtmlPage::escape), "checkpoint"));
    for (JsonObject line : metrics.validations()) {
      long update = line.get("update").getAsLong();
      rows.add(
          row(
              List.of(Text.format("%,d", update), escape(epoch(line))),
              names.stream().map(name -> number(line.get(name))),
              checkpoint(update)));
    }
    html.append("<h2>Validations</h2>\n");
    html.table(rows);
  }

  private String checkpoint(long update) {
    boolean isKept = checkpoints.stream().anyMatch(each -> each.updateNumber() == update);
    return update == metrics.best().orElse(-1) ? "<b>best</b>" : isKept ? "kept" : "";
  }

  private static List<String> row(List<String> first, Stream<String> middle, String last) {
    return Stream.of(first.stream(), middle, Stream.of(last)).flatMap(cells -> cells).toList();
  }

  private void rankings() {
    if (rankings.isEmpty()) {
      return;
    }
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of(
            "after update",
            "examples",
            "best left out",
            "worst left out",
            "not finite",
            "median score",
            "past log-end",
            "mean margin"));
    rankings.forEach((update, ranking) -> rows.add(row(update, ranking)));
    html.append("<h2>Example rankings</h2>\n");
    html.table(rows);
    rankings.values().stream().reduce((earlier, later) -> later).ifPresent(this::samples);
  }

  private static List<String> row(long update, RankingSummary ranking) {
    @Nullable Bonus bonus = ranking.bonus();
    @Nullable Double median = ranking.quantiles().get(MEDIAN);
    return List.of(
        Text.format("%,d", update),
        Text.format("%,d", ranking.examples()),
        Text.format("%,d", ranking.droppedBest()),
        Text.format("%,d", ranking.droppedWorst()),
        Text.format("%,d", ranking.notFinite()),
        median == null ? "" : Text.format("%.4f", median),
        bonus == null ? "" : percent(bonus.pastLogEnd()),
        bonus == null ? "" : Text.format("%.2f", bonus.margin()));
  }

  /** The ends of the last ranking. */
  private void samples(RankingSummary ranking) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("rank", escape(ranking.source().score()), "example", "text"));
    Stream.of(ranking.best(), ranking.worst())
        .flatMap(end -> end.stream().limit(SAMPLES))
        .map(RunReport::row)
        .forEach(rows::add);
    html.append(
        "<p class=\"note\">The best and the worst of the last ranking; its directory says"
            + " all.</p>\n");
    html.table(rows);
  }

  private static List<String> row(Sample sample) {
    return List.of(
        Text.format("%,d", sample.rank()),
        Text.format("%.4f", sample.score()),
        escape(sample.exampleId()),
        escape(sample.text()));
  }

  private void evaluations() {
    for (EvaluationSummary evaluation : metrics.evaluations()) {
      List<List<String>> rows = new ArrayList<>();
      rows.add(List.of("metric", "value", "95&nbsp;% interval"));
      evaluation
          .metrics()
          .forEach(
              (name, value) -> {
                @Nullable Interval interval = evaluation.intervals().get(name);
                rows.add(
                    List.of(
                        escape(name),
                        Text.format("%.4f", value),
                        interval == null
                            ? ""
                            : Text.format("%.4f to %.4f", interval.low(), interval.high())));
              });
      String split = escape(evaluation.split());
      html.append(
          Text.format(
              "<h2>Evaluation of <a href=\"evaluation/%1$s/evaluation.html\">%1$s</a></h2>\n",
              split));
      html.append(
          Text.format(
              "<p class=\"note\">%,d examples, %,d without a prediction; weights %s</p>\n",
              evaluation.examples(), evaluation.failed(), escape(evaluation.weights())));
      html.table(rows);
    }
  }

  private static String epoch(JsonObject line) {
    return line.has("epoch") ? line.get("epoch").getAsString() : "-";
  }

  private static String number(@Nullable JsonElement value) {
    return value == null ? "-" : Text.format("%.4f", value.getAsDouble());
  }

  private static String percent(double share) {
    return Text.format("%.1f %%", 100 * share);
  }
}
