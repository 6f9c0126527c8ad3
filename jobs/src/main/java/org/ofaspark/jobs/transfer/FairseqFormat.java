package org.ofaspark.jobs.transfer;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.format.TensorEntry;
import org.ofaspark.format.TorchWriter;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.model.OfaModel;

/**
 * The form that upstream's {@code --restore-file} names: {@code checkpoint.pt} of torch with
 * upstream's names for all three uses of the embedding matrix, and the flags of its network as
 * {@code args}. Tables of indexes are left out, as upstream's reader makes them.
 */
final class FairseqFormat implements ModelFormat {

  /** The name of the file, which torch 2.6 and later load by default. */
  static final String FILE = "checkpoint.pt";

  @Override
  public List<String> write(HadoopFiles files, StoredModel model, String directory)
      throws IOException {
    Map<String, TensorEntry> weights = new LinkedHashMap<>();
    for (TensorEntry tensor : WeightFiles.entries(model.network().specs())) {
      weights.put(tensor.name(), tensor);
      if (tensor.name().equals(OfaModel.EMBEDDING)) {
        WeightFiles.TIED.forEach(name -> weights.put(name, tensor));
      }
    }
    Map<String, Object> flags = new LinkedHashMap<>(NetworkFlags.of(model.network().config()));
    flags.putAll(model.flags());
    files.write(
        directory + "/" + FILE,
        out ->
            TorchWriter.writeCheckpoint(
                out,
                weights,
                flags,
                (tensor, data) ->
                    WeightFiles.copy(tensor, model.tensors().get(tensor.name()), data)));
    return List.of(FILE);
  }
}
