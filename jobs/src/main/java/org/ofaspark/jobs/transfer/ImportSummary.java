package org.ofaspark.jobs.transfer;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.ofaspark.checkpoint.DType;
import org.ofaspark.checkpoint.ImportedModel;
import org.ofaspark.nn.TensorSpec;

/**
 * What an import has found and written.
 *
 * @param arch name of the architecture
 * @param model the network
 * @param tensors how many tensors the checkpoint holds
 * @param dtypes types of those that are weights
 * @param target where it is now
 * @param files names of the weight files
 */
record ImportSummary(
    String arch,
    ImportedModel model,
    int tensors,
    Set<DType> dtypes,
    String target,
    List<String> files) {

  ImportSummary {
    dtypes = new TreeSet<>(dtypes);
    files = List.copyOf(files);
  }

  /** Returns how many numbers the network has. */
  long parameters() {
    return model.specs().stream()
        .filter(spec -> spec.role() != TensorSpec.Role.BUFFER)
        .mapToLong(TensorSpec::size)
        .sum();
  }

  /** Returns lines for a person. */
  String text() {
    var config = model.config();
    return String.format(
        Locale.ROOT,
        """
        architecture  %s: %d + %d layers of width %d, ResNet %s
        parameters    %,d
        tensors       %d, of type %s; written as F32
        vocabulary    %,d symbols
        target        %s: %s, recipe.conf
        """,
        arch,
        config.encoder().layers(),
        config.decoder().layers(),
        config.embedDim(),
        config.resnet().layers(),
        parameters(),
        tensors,
        dtypes,
        model.vocabularySize(),
        target,
        String.join(", ", files));
  }
}
