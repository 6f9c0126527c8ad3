package org.ofaspark.jobs.transfer;

import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.ofaspark.checkpoint.DType;
import org.ofaspark.checkpoint.ImportedModel;
import org.ofaspark.checkpoint.StoredTensor;
import org.ofaspark.checkpoint.TensorEntry;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.WeightDirectory;
import org.ofaspark.jobs.transfer.ForeignCheckpoint.Weights;
import org.ofaspark.nn.TensorSpec;

/**
 * Turns a checkpoint of another program into a directory of weights. Tensors are copied a portion
 * at a time, so that memory does not depend on the size of the model.
 */
final class Import {

  /** Upstream's default. */
  private static final double ATTN_SCALE_FACTOR = 2;

  private final HadoopFiles files;

  Import(HadoopFiles files) {
    this.files = files;
  }

  /**
   * Copies a checkpoint.
   *
   * @param source where it is
   * @param weights which of its weights
   * @param target a directory without weights, which is made
   * @throws IllegalArgumentException if the target holds weights, or the source is not there
   * @throws org.ofaspark.checkpoint.BadCheckpointException if the source is damaged or no OFA
   */
  ImportSummary run(String source, Weights weights, String target) throws IOException {
    String directory = files.qualified(target);
    if (files.isFile(directory) || WeightDirectory.is(files, directory)) {
      throw new IllegalArgumentException(
          "TARGET: %s: holds weights (expected: a new directory)".formatted(directory));
    }
    ForeignCheckpoint checkpoint = ForeignCheckpoint.read(files, source, weights);
    Map<String, Object> flags = checkpoint.flags();
    double attnScaleFactor =
        flags.get("attn_scale_factor") instanceof Number factor
            ? factor.doubleValue()
            : ATTN_SCALE_FACTOR;
    ImportedModel model = ImportedModel.of(checkpoint.tensors(), attnScaleFactor, source);
    String recipe = ImportedRecipe.text(source, directory, model.config(), flags);
    files.writeText(directory + "/recipe.conf", recipe);
    return new ImportSummary(
        String.valueOf(flags.getOrDefault("arch", "unnamed")),
        model,
        checkpoint.tensors().size(),
        dtypes(checkpoint.tensors(), model.specs()),
        directory,
        write(checkpoint.tensors(), model.specs(), directory));
  }

  private static Set<DType> dtypes(Map<String, StoredTensor> tensors, List<TensorSpec> specs) {
    Set<DType> dtypes = EnumSet.noneOf(DType.class);
    for (TensorSpec spec : specs) {
      StoredTensor tensor = tensors.get(spec.name());
      if (tensor != null) {
        dtypes.add(tensor.entry().dtype());
      }
    }
    return dtypes;
  }

  /** Writes the weights; the directory has none until its only file or its index is there. */
  private List<String> write(
      Map<String, StoredTensor> tensors, List<TensorSpec> specs, String directory)
      throws IOException {
    Map<String, List<TensorEntry>> plan = WeightFiles.plan(specs, WeightFiles.DEFAULT_MAX_BYTES);
    for (var file : plan.entrySet()) {
      files.write(
          directory + "/" + file.getKey(), out -> WeightFiles.copy(out, file.getValue(), tensors));
    }
    List<String> names = new ArrayList<>(plan.keySet());
    if (plan.size() > 1) {
      files.writeText(directory + "/" + WeightFiles.INDEX, WeightFiles.index(plan));
    }
    return names;
  }
}
