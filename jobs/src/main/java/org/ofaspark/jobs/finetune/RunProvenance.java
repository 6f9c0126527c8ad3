package org.ofaspark.jobs.finetune;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.spark.package$;
import org.ofaspark.config.Key.Product;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.ProgramVersion;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.Json;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.jobs.table.TableInfo;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a run writes down before it trains, and checks when it resumes. Driver. */
final class RunProvenance {

  private static final Logger LOG = LoggerFactory.getLogger(RunProvenance.class);

  private static final String EXAMPLES = "examples_sha256";

  private RunProvenance() {}

  /**
   * Writes recipe and provenance into a new run directory, or checks that the directory's run is
   * this one.
   *
   * @throws IllegalArgumentException if the directory holds another run, or one that nobody knows
   *     the recipe of, or the table has changed
   */
  static void write(
      HadoopFiles files,
      RunDirectory run,
      Recipe recipe,
      TableInfo table,
      int worldSize,
      long totalUpdates)
      throws IOException {
    if (files.exists(run.recipe())) {
      Recipe before = RecipeReader.parse(run.recipe(), files.readText(run.recipe()), List.of());
      requireSame(before, recipe, run);
      requireSameExamples(files, recipe, table, run);
      return;
    }
    requireNew(run);
    files.writeText(run.provenance(), provenance(recipe, table, worldSize, totalUpdates));
    files.writeText(run.recipe(), recipe.resolvedText());
  }

  /** No run resumes from checkpoints without their recipe. */
  private static void requireNew(RunDirectory run) throws IOException {
    int checkpoints = run.checkpoints().size();
    if (checkpoints > 0) {
      throw new IllegalArgumentException(
          Text.format(
                  "run-dir: %s holds %d checkpoints and no recipe.conf (expected: the recipe that"
                      + " they were",
                  run.path(), checkpoints)
              + " made by, to go on); bring it back, or choose another run-dir for a new run");
    }
  }

  /** What a run's checkpoints depend on may not change under it. */
  private static void requireSame(Recipe before, Recipe now, RunDirectory run) {
    Map<String, String> old = before.deciding(Product.WEIGHTS);
    List<String> changed = new ArrayList<>();
    now.deciding(Product.WEIGHTS)
        .forEach(
            (key, value) -> {
              if (!value.equals(old.get(key))) {
                changed.add(key);
              }
            });
    if (!changed.isEmpty()) {
      throw new IllegalArgumentException(
          Text.format(
                  "run-dir: %s holds a run whose recipe differs in %s (expected: the same recipe,"
                      + " to go on)",
                  run.path(), changed)
              + "; choose another run-dir for a new run");
    }
  }

  /** A sample index means nothing among other examples. */
  private static void requireSameExamples(
      HadoopFiles files, Recipe recipe, TableInfo table, RunDirectory run) throws IOException {
    String now = table.fingerprint(recipe.table().trainSplit());
    if (!examplesBefore(files, run.provenance()).orElse(now).equals(now)) {
      throw new IllegalArgumentException(
          Text.format(
                  "data.table: %s has other training examples than the run in %s has seen",
                  recipe.table().table(), run.path())
              + " (expected: the same, to go on); choose another run-dir for a new run");
    }
  }

  /** Returns the fingerprint of the examples of a run; those of earlier versions have none. */
  private static Optional<String> examplesBefore(HadoopFiles files, String provenance)
      throws IOException {
    try {
      JsonObject json = JsonParser.parseString(files.readText(provenance)).getAsJsonObject();
      return Optional.ofNullable(json.get(EXAMPLES)).map(JsonElement::getAsString);
    } catch (JsonParseException
        | IllegalStateException
        | UnsupportedOperationException
        | FileNotFoundException
        | ChecksumException e) {
      LOG.warn(
          "{}: damaged or missing (expected: what the run wrote at its start); whether the training"
              + " examples are the same as then is not known",
          provenance);
      return Optional.empty();
    }
  }

  private static String provenance(
      Recipe recipe, TableInfo table, int worldSize, long totalUpdates) {
    JsonObject json = new JsonObject();
    json.addProperty("started", Instant.now().toString());
    json.addProperty("table", recipe.table().table());
    json.addProperty(EXAMPLES, table.fingerprint(recipe.table().trainSplit()));
    json.addProperty("dictionary_sha256", table.dictionarySha256());
    JsonObject inputs = new JsonObject();
    table.inputSha256().forEach(inputs::addProperty);
    json.add("input_sha256", inputs);
    json.addProperty("table_code", table.code());
    json.addProperty("code", ProgramVersion.fingerprint());
    json.addProperty("world_size", worldSize);
    json.addProperty("total_updates", totalUpdates);
    json.addProperty("seed", recipe.train().seed());
    json.addProperty("java", System.getProperty("java.version"));
    json.addProperty("spark", package$.MODULE$.SPARK_VERSION());
    return Json.PRETTY.toJson(json) + "\n";
  }
}
