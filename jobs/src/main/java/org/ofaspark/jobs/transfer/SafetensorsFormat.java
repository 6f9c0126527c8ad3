package org.ofaspark.jobs.transfer;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.ofaspark.checkpoint.TensorEntry;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.jobs.storage.HadoopFiles;

/**
 * The form that {@code model.restore-file} and {@code evaluate.weights} name: safetensors with
 * upstream's names, several with an index above a size, and {@code recipe.conf}.
 */
final class SafetensorsFormat implements ModelFormat {

  private final long maxBytes;

  /**
   * Creates a format.
   *
   * @param maxBytes most bytes of data in a file; a larger tensor gets a file of its own
   */
  SafetensorsFormat(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  @Override
  public List<String> write(HadoopFiles files, StoredModel model, String directory)
      throws IOException {
    String recipe =
        ImportedRecipe.text(model.source(), directory, model.network().config(), model.flags());
    files.writeText(directory + "/" + ModelFlags.RECIPE, recipe);
    List<String> names = new ArrayList<>(List.of(ModelFlags.RECIPE));
    names.addAll(writeWeights(files, model, directory, maxBytes));
    return names;
  }

  /**
   * Writes the weights alone.
   *
   * @return the names of the files, in the order in which they are written
   */
  static List<String> writeWeights(
      HadoopFiles files, StoredModel model, String directory, long maxBytes) throws IOException {
    List<String> names = new ArrayList<>();
    Map<String, List<TensorEntry>> plan = WeightFiles.plan(model.network().specs(), maxBytes);
    for (var file : plan.entrySet()) {
      files.write(
          directory + "/" + file.getKey(),
          out -> WeightFiles.copy(out, file.getValue(), model.tensors()));
      names.add(file.getKey());
    }
    if (plan.size() > 1) {
      files.writeText(directory + "/" + WeightFiles.INDEX, WeightFiles.index(plan));
      names.add(WeightFiles.INDEX);
    }
    return names;
  }
}
