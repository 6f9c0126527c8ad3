package org.ofaspark.jobs.report;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.apache.hadoop.fs.ChecksumException;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.evaluate.EvaluationSummary;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.Json;
import org.ofaspark.jobs.storage.RunDirectory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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

  private static final Logger LOG = LoggerFactory.getLogger(RunMetrics.class);

  private static final String UPDATE = "update";

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
        try {
          evaluations.add(EvaluationSummary.parse(files.readText(file), file));
        } catch (IllegalArgumentException | ChecksumException e) {
          LOG.warn("{}; it is left out", e.getMessage());
        }
      }
    }
    SortedMap<Long, JsonObject> validations = new TreeMap<>();
    if (files.exists(run.validMetrics())) {
      readLines(files, run.validMetrics(), validations);
    }
    SortedMap<Long, JsonObject> train = new TreeMap<>();
    for (String file : run.trainMetrics()) {
      readLines(files, file, train);
    }
    if (train.isEmpty() && validations.isEmpty() && evaluations.isEmpty()) {
      throw new IllegalArgumentException(
          Text.format(
              "RUN_DIR: %s (expected: a directory with metrics, as run-dir of a recipe)",
              run.path()));
    }
    OptionalLong best = run.best().map(OptionalLong::of).orElse(OptionalLong.empty());
    return new RunMetrics(
        run.path(),
        List.copyOf(train.values()),
        List.copyOf(validations.values()),
        best,
        evaluations);
  }

  /** Returns the names of the metrics of all validations, in alphabetical order. */
  public Set<String> validationNames() {
    Set<String> names = new TreeSet<>();
    validations.forEach(line -> names.addAll(line.keySet()));
    names.removeAll(List.of(UPDATE, "epoch", "seconds"));
    return names;
  }

  /**
   * Returns the sum of a metric over the intervals of training; one that lacks it counts as 0.
   *
   * @param name such as {@code skipped}
   */
  double sum(String name) {
    return values(name).sum();
  }

  /**
   * Returns the median of a metric over the intervals of training that have it.
   *
   * @param name such as {@code data_share}
   */
  OptionalDouble median(String name) {
    double[] sorted = values(name).sorted().toArray();
    return sorted.length == 0
        ? OptionalDouble.empty()
        : OptionalDouble.of(sorted[sorted.length / 2]);
  }

  private DoubleStream values(String name) {
    return train.stream()
        .filter(line -> line.has(name))
        .mapToDouble(line -> line.get(name).getAsDouble());
  }

  /** Returns the updates done at the last interval or validation, 1 if there is neither. */
  long lastUpdate() {
    return Stream.concat(train.stream(), validations.stream())
        .mapToLong(line -> line.get(UPDATE).getAsLong())
        .max()
        .orElse(1);
  }

  /** Returns the metrics of the last interval, if there is one. */
  public Optional<JsonObject> lastInterval() {
    return train.isEmpty() ? Optional.empty() : Optional.of(train.get(train.size() - 1));
  }

  /**
   * Reads JSON lines; the last one may be on its way still. Of an update that has several, the last
   * one counts: earlier attempts of a run that has gone on may have left others.
   *
   * @param lines receives them, by update
   */
  private static void readLines(HadoopFiles files, String file, Map<Long, JsonObject> lines)
      throws IOException {
    String text = files.readText(file);
    int number = 0;
    for (String line : text.substring(0, text.lastIndexOf('\n') + 1).split("\n", -1)) {
      number++;
      if (!line.isEmpty()) {
        try {
          JsonObject json = JsonParser.parseString(line).getAsJsonObject();
          lines.put(json.get(UPDATE).getAsLong(), json);
        } catch (RuntimeException e) { // Gson has many, and a field may not be there
          throw new IllegalArgumentException(
              Text.format(
                  "%s: damaged (expected: JSON lines) at line %d, which has to have an update;"
                      + " delete it",
                  file, number),
              e);
        }
      }
    }
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
