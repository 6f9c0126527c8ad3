package org.ofaspark.jobs.ranking;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.recipe.Recipe;

/** Weights that no training has seen, as files. */
final class RandomWeights {

  private static final long SEED = 3;

  private RandomWeights() {}

  /** Writes the weights of a recipe's model. */
  static void write(Path directory, Recipe recipe, Vocabulary vocabulary) throws IOException {
    Files.createDirectories(directory);
    int symbols = vocabulary.codec().dictionary().size();
    try (NDManager manager = TestDevice.newManager();
        var state = new StateDict(OfaModel.specs(recipe.model(), symbols), manager)) {
      state.initialize(SEED);
      for (var file : WeightFiles.plan(state.specs(), WeightFiles.DEFAULT_MAX_BYTES).entrySet()) {
        try (OutputStream out = Files.newOutputStream(directory.resolve(file.getKey()))) {
          WeightFiles.write(out, file.getValue(), state);
        }
      }
    }
  }
}
