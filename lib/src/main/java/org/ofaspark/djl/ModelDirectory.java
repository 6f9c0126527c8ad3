package org.ofaspark.djl;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.checkpoint.WeightIndex;
import org.ofaspark.checkpoint.WeightLoader;
import org.ofaspark.config.Text;
import org.ofaspark.format.SafetensorsReader;
import org.ofaspark.nn.StateDict;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;
import org.ofaspark.text.TokenCodec;
import org.ofaspark.text.VocabularyFiles;

/**
 * A directory that holds all that a fine-tuned model needs to answer, and tells DJL how to load it.
 *
 * <pre>
 *   serving.properties      the engine, and the classes here that make block and translator
 *   recipe.conf             the run's recipe: task, sizes, how to generate
 *   model.safetensors       the weights, or several files and their index
 *   dict.txt                the dictionary; encoder.json and vocab.bpe, if the run had its own
 * </pre>
 *
 * <p>This project's jar on the class path and DJL's {@code Criteria} with the directory as model
 * path are all that it takes, see {@link OfaTranslatorFactory}.
 */
public final class ModelDirectory {

  /** The file that DJL reads first. */
  public static final String PROPERTIES = "serving.properties";

  /** The run's recipe. */
  public static final String RECIPE = "recipe.conf";

  private final Path path;

  ModelDirectory(Path path) {
    this.path = path;
  }

  /**
   * Returns the text of {@link #PROPERTIES}. DJL reads {@code option.hasParameter} from the model's
   * options and the other keys from its arguments, so the prefix is part of each key: without it
   * DJL would look for parameters in its own format, and with it for a TorchScript file.
   */
  public static String properties() {
    return Text.format(
        """
        engine=PyTorch
        blockFactory=%s
        translatorFactory=%s
        option.hasParameter=false
        """,
        OfaBlockFactory.class.getName(), OfaTranslatorFactory.class.getName());
  }

  /** Reads the recipe. */
  Recipe recipe() throws IOException {
    return RecipeReader.parse(RECIPE, Files.readString(path.resolve(RECIPE)), List.of());
  }

  /** Reads the vocabulary. */
  TokenCodec codec() throws IOException {
    return VocabularyFiles.read(path);
  }

  /**
   * Reads the weights.
   *
   * @param state receives them
   */
  void load(StateDict state) throws IOException {
    var loader = new WeightLoader(state);
    for (String name : weightFiles()) {
      try (InputStream in = Files.newInputStream(path.resolve(name));
          var reader = new SafetensorsReader(in, name)) {
        loader.read(reader);
      }
    }
    loader.finish();
  }

  private List<String> weightFiles() throws IOException {
    if (Files.exists(path.resolve(WeightFiles.SINGLE))) {
      return List.of(WeightFiles.SINGLE);
    }
    Path index = path.resolve(WeightFiles.INDEX);
    return WeightIndex.files(Files.readString(index), index.toString(), "safetensors");
  }
}
