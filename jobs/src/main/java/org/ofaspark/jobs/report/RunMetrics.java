package org.ofaspark.jobs.report;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.ofaspark.jobs.evaluate.EvaluationSummary;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.Json;
import org.ofaspark.jobs.storage.RunDirectory;

/**
 * All metrics of a run.
 *
 * @param run the run's directory
 * @param train a line for each interval of updates
 * @param validations a line for each validation
 * @param best updates done of the best checkpoint, if there is one
 * @param evaluations of each split evaluated
 */
public record RunMetrics(
    String run,
    List<JsonObject> train,
    List<JsonObject> validations,
    OptionalLong best,
    List<EvaluationSummary> evaluations) {

  /** Copies the lists. */
  public RunMetrics {
    train = List.copyOf(train);
    validations = List.copyOf(validations);
    evaluations = List.copyOf(evaluations);
  }

  /**
   * Reads the metrics of a run.
   *
   * @param files access to the file system
   * @param run where they are
   * @throws IllegalArgumentException if there are none
   */
  public static RunMetrics read(HadoopFiles files, RunDirectory run) throws IOException {
    List<EvaluationSummary> evaluations = new ArrayList<>();
    for (String split : run.evaluations()) {
      String file = run.evaluation(split) + "/" + EvaluationSummary.FILE;
      if (files.exists(file)) {
        evaluations.add(EvaluationSummary.parse(files.readText(file), file));
      }
    }
    List<JsonObject> validations =
        files.exists(run.validMetrics()) ? lines(files, run.validMetrics()) : List.of();
    List<JsonObject> train = new ArrayList<>();
    for (String file : run.trainMetrics()) {
      train.addAll(lines(files, file));
    }
    if (train.isEmpty() && validations.isEmpty() && evaluations.isEmpty()) {
      throw new IllegalArgumentException(
          "RUN_DIR: %s (expected: a directory with metrics, as run-dir of a recipe)"
              .formatted(run.path()));
    }
    OptionalLong best = run.best().map(OptionalLong::of).orElse(OptionalLong.empty());
    return new RunMetrics(run.path(), train, validations, best, evaluations);
  }

  /** Returns the metrics of the last interval, if there is one. */
  public Optional<JsonObject> lastInterval() {
    return train.isEmpty() ? Optional.empty() : Optional.of(train.get(train.size() - 1));
  }

  /** Reads JSON lines; the last one may be on its way still. */
  private static List<JsonObject> lines(HadoopFiles files, String file) throws IOException {
    String text = files.readText(file);
    List<JsonObject> lines = new ArrayList<>();
    for (String line : text.substring(0, text.lastIndexOf('\n') + 1).split("\n", -1)) {
      if (!line.isEmpty()) {
        try {
          lines.add(JsonParser.parseString(line).getAsJsonObject());
        } catch (JsonParseException | IllegalStateException e) {
          throw new IllegalArgumentException(file + ": damaged (expected: JSON lines)", e);
        }
      }
    }
    return lines;
  }

  /** Returns one JSON object, with the last of the intervals. */
  public String toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("run", run);
    lastInterval().ifPresent(line -> json.add("train", line));
    json.add("validations", Json.PRETTY.toJsonTree(validations));
    best.ifPresent(update -> json.addProperty("best", update));
    json.add("evaluations", Json.PRETTY.toJsonTree(evaluations));
    return Json.PRETTY.toJson(json) + "\n";
  }
}
