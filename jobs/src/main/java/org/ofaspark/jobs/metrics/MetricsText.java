package org.ofaspark.jobs.metrics;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.evaluate.EvaluationSummary;
import org.ofaspark.jobs.report.RunMetrics;
import org.ofaspark.metric.Interval;

/** Metrics as a person reads them. */
final class MetricsText {

  private static final Set<String> COUNTS = Set.of("update", "epoch");

  private MetricsText() {}

  static String of(RunMetrics metrics) {
    var text = new StringBuilder(Text.format("run  %s\n", metrics.run()));
    metrics
        .lastInterval()
        .ifPresent(
            line ->
                text.append("\nTraining, last interval\n").append(TextTable.of(training(line))));
    if (!metrics.validations().isEmpty()) {
      text.append("\nValidation\n").append(TextTable.of(validations(metrics)));
    }
    metrics.evaluations().forEach(evaluation -> text.append("\n").append(evaluation(evaluation)));
    return text.toString();
  }

  private static List<List<String>> training(JsonObject train) {
    List<String> header = new ArrayList<>();
    List<String> row = new ArrayList<>();
    for (String name : List.of("update", "epoch", "loss", "nll_loss", "accuracy", "gnorm", "lr")) {
      if (train.has(name)) {
        header.add(name);
        row.add(value(name, train.get(name)));
      }
    }
    if (train.has("sentences_per_second")) {
      header.add("samples/s");
      row.add(Text.format("%.1f", train.get("sentences_per_second").getAsDouble()));
    }
    return List.of(header, row);
  }

  private static List<List<String>> validations(RunMetrics metrics) {
    Set<String> names = metrics.validationNames();
    List<List<String>> rows = new ArrayList<>();
    rows.add(row(List.of("update", "epoch"), names, List.of("")));
    for (JsonObject line : metrics.validations()) {
      String update = line.get("update").getAsString();
      boolean isBest = update.equals(String.valueOf(metrics.best().orElse(-1)));
      rows.add(
          row(
              List.of(update, value("epoch", line.get("epoch"))),
              names.stream().map(name -> value(name, line.get(name))).toList(),
              List.of(isBest ? "best" : "")));
    }
    return rows;
  }

  private static String evaluation(EvaluationSummary evaluation) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("metric", "value", evaluation.intervals().isEmpty() ? "" : "95 % interval"));
    evaluation
        .metrics()
        .forEach(
            (name, value) -> rows.add(List.of(name, number(value), interval(evaluation, name))));
    return Text.format(
        "Evaluation of %s, %d examples%s, %s\n%s  %s\n",
        evaluation.split(),
        evaluation.examples(),
        evaluation.failed() == 0 ? "" : Text.format(", %d failed", evaluation.failed()),
        evaluation.weights().replaceFirst(".*/", ""),
        TextTable.of(rows),
        evaluation.directory());
  }

  private static String interval(EvaluationSummary evaluation, String metric) {
    Interval interval = evaluation.intervals().get(metric);
    return interval == null ? "" : number(interval.low()) + " to " + number(interval.high());
  }

  private static List<String> row(
      Collection<String> first, Collection<String> metrics, Collection<String> last) {
    List<String> row = new ArrayList<>(first);
    row.addAll(metrics);
    row.addAll(last);
    return row;
  }

  private static String value(String name, @Nullable JsonElement value) {
    if (value == null) {
      return "-";
    }
    return COUNTS.contains(name)
        ? value.getAsString()
        : name.equals("lr")
            ? Text.format("%.2e", value.getAsDouble())
            : number(value.getAsDouble());
  }

  private static String number(@Nullable Double value) {
    return value == null ? "-" : Text.format("%.4f", value);
  }
}
