package org.ofaspark.jobs.transfer;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.ofaspark.config.Text;
import org.ofaspark.format.DType;
import org.ofaspark.format.StoredTensor;
import org.ofaspark.nn.TensorSpec;

/**
 * What an import or export has found and written.
 *
 * @param model the model
 * @param target where it is now
 * @param files names of the files there
 */
record TransferSummary(StoredModel model, String target, List<String> files) {

  TransferSummary {
    files = List.copyOf(files);
  }

  /** Returns how many numbers the network has. */
  long parameters() {
    return model.network().specs().stream()
        .filter(spec -> spec.role() != TensorSpec.Role.BUFFER)
        .mapToLong(TensorSpec::size)
        .sum();
  }

  /** Returns the types of the tensors that are weights. */
  private Set<DType> dtypes() {
    Set<DType> dtypes = EnumSet.noneOf(DType.class);
    for (TensorSpec spec : model.network().specs()) {
      StoredTensor tensor = model.tensors().get(spec.name());
      if (tensor != null) {
        dtypes.add(tensor.entry().dtype());
      }
    }
    return dtypes;
  }

  /** Returns lines for a person. */
  String text() {
    var config = model.network().config();
    return Text.format(
        """
        source        %s
        architecture  %s: %d + %d layers of width %d, ResNet %s
        parameters    %,d
        tensors       %d, of type %s; written as F32
        vocabulary    %,d symbols
        target        %s: %s
        """,
        model.source(),
        model.arch(),
        config.encoder().layers(),
        config.decoder().layers(),
        config.embedDim(),
        config.resnet().layers(),
        parameters(),
        model.tensors().size(),
        dtypes(),
        model.network().vocabularySize(),
        target,
        String.join(", ", files));
  }
}
