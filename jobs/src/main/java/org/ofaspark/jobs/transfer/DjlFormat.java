package org.ofaspark.jobs.transfer;

import java.io.IOException;
import java.util.List;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.config.Checks;
import org.ofaspark.config.Text;
import org.ofaspark.djl.ModelDirectory;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;

/**
 * A {@link ModelDirectory}, which DJL and this project's Spark ML transformers load: the weights,
 * the run's recipe, and the vocabulary of the run's table.
 */
final class DjlFormat implements ModelFormat {

  private final String source;

  /**
   * Creates a format.
   *
   * @param source the run whose weights are written
   */
  DjlFormat(String source) {
    this.source = source;
  }

  @Override
  public List<String> write(HadoopFiles files, StoredModel model, String directory)
      throws IOException {
    Recipe recipe = recipe(files, source, model);
    Vocabulary vocabulary = vocabulary(files, recipe, model);
    SafetensorsFormat.writeWeights(files, model, directory, WeightFiles.DEFAULT_MAX_BYTES);
    vocabulary.write(files, directory);
    files.writeText(directory + "/" + ModelDirectory.RECIPE, recipe.resolvedText());
    files.writeText(directory + "/" + ModelDirectory.PROPERTIES, ModelDirectory.properties());
    return files.list(directory);
  }

  /**
   * Returns the recipe of a run.
   *
   * @throws IllegalArgumentException if the source is no run
   */
  static Recipe recipe(HadoopFiles files, String source, StoredModel model) throws IOException {
    var run = new RunDirectory(files, source);
    Checks.that(
        "RUN",
        run.path(),
        !model.source().equals(run.path()),
        "a run, whose recipe and table say what the model is asked");
    return RecipeReader.parse(run.recipe(), files.readText(run.recipe()), List.of());
  }

  /**
   * Returns the vocabulary of the table of a run.
   *
   * @throws IllegalArgumentException if the table is not the run's
   */
  static Vocabulary vocabulary(HadoopFiles files, Recipe recipe, StoredModel model)
      throws IOException {
    Vocabulary vocabulary = Vocabulary.read(files, files.qualified(recipe.table().table()));
    int symbols = vocabulary.codec().dictionary().size();
    Checks.that(
        "data.table",
        Text.format("%s, a vocabulary of %d symbols", recipe.table().table(), symbols),
        symbols == model.network().vocabularySize(),
        Text.format("that of the run, %d symbols", model.network().vocabularySize()));
    return vocabulary;
  }
}
