package org.ofaspark.jobs.evaluate;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.ProgramVersion;
import org.ofaspark.jobs.storage.Json;
import org.ofaspark.metric.Interval;
import org.ofaspark.recipe.Recipe;

/**
 * The metrics of a split, in {@code metrics.json}.
 *
 * @param task name of the task
 * @param split the split
 * @param table the table's directory
 * @param weights the directory of the weights
 * @param examples examples of the split
 * @param failed those without a prediction; no metric counts them
 * @param metrics metrics by name
 * @param leftOut metrics that need to know what was to be answered, if no example says so
 * @param intervals for each metric, where it would lie in 95 of 100 samples of as many examples;
 *     empty if no samples were drawn
 * @param seconds how long the evaluation took
 * @param directory where the predictions are
 * @param code version of the program
 */
public record EvaluationSummary(
    String task,
    String split,
    String table,
    String weights,
    long examples,
    long failed,
    Map<String, Double> metrics,
    List<String> leftOut,
    Map<String, Interval> intervals,
    double seconds,
    String directory,
    String code) {

  /** The name of the file. */
  public static final String FILE = "metrics.json";

  /** Copies the maps. */
  public EvaluationSummary {
    for (String field : new String[] {task, split, table, weights, directory}) {
      Objects.requireNonNull(field);
    }
    metrics = new TreeMap<>(metrics);
    leftOut = List.copyOf(leftOut);
    intervals = new TreeMap<>(intervals);
  }

  static EvaluationSummary of(
      Recipe recipe,
      String split,
      String weights,
      Evaluation.Outcome outcome,
      double seconds,
      String directory) {
    return new EvaluationSummary(
        recipe.task().name(),
        split,
        recipe.table().table(),
        weights,
        outcome.examples(),
        outcome.failed(),
        outcome.metrics(),
        outcome.leftOut(),
        intervals(recipe, outcome),
        seconds,
        directory,
        ProgramVersion.fingerprint());
  }

  private static Map<String, Interval> intervals(Recipe recipe, Evaluation.Outcome outcome) {
    int samples = recipe.evaluate().bootstrapSamples();
    if (samples == 0) {
      return Map.of();
    }
    return new SplitMetrics(recipe.task())
        .intervals(
            outcome.predictions(),
            outcome.metrics().keySet(),
            new Resampling(samples, recipe.evaluate().bootstrapSeed()));
  }

  /** Returns the text of the file. */
  public String toJson() {
    return Json.PRETTY.toJson(this) + "\n";
  }

  /**
   * Reads the text of the file.
   *
   * @param json the text
   * @param file its name, for messages
   * @throws IllegalArgumentException if it is no such text
   */
  public static EvaluationSummary parse(String json, String file) {
    try {
      return Objects.requireNonNull(Json.PRETTY.fromJson(json, EvaluationSummary.class));
    } catch (RuntimeException e) { // Gson has many, and does not say which
      throw new IllegalArgumentException(
          file + ": damaged (expected: metrics of an evaluation); run submit/evaluate again", e);
    }
  }

  /**
   * Returns the same summary of an evaluation that has been moved.
   *
   * @param place where the predictions are
   */
  public EvaluationSummary in(String place) {
    return new EvaluationSummary(
        task, split, table, weights, examples, failed, metrics, leftOut, intervals, seconds, place,
        code);
  }

  /** Returns the summary in a line. */
  public String text() {
    return Text.format(
        "%s: %s (%d examples%s%s, %.1f s); predictions in %s",
        split,
        metrics.entrySet().stream()
            .map(entry -> Text.format("%s %.4f", entry.getKey(), entry.getValue()))
            .collect(Collectors.joining(", ")),
        examples,
        failed == 0 ? "" : Text.format(", %d without a prediction", failed),
        leftOut.isEmpty() ? "" : ", left out: " + String.join(", ", leftOut),
        seconds,
        directory);
  }
}
