package org.ofaspark.jobs.transfer;

import java.io.IOException;
import java.util.List;
import java.util.OptionalInt;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.jobs.storage.WeightDirectory;
import org.ofaspark.jobs.transfer.ModelSource.Weights;

/**
 * Turns a checkpoint of another program into a directory of weights. Tensors are copied a portion
 * at a time, so that memory does not depend on the size of the model.
 */
public final class Import {

  private final HadoopFiles files;

  /**
   * Creates an import.
   *
   * @param files access to the file systems
   */
  public Import(HadoopFiles files) {
    this.files = files;
  }

  /**
   * Sizes that the result is to have where they differ from the source's.
   *
   * @param vocabulary symbols of the dictionary
   * @param imageBucket patches on a side for which there are position embeddings
   */
  record Sizes(OptionalInt vocabulary, OptionalInt imageBucket) {

    /** The source's. */
    static final Sizes SAME = new Sizes(OptionalInt.empty(), OptionalInt.empty());
  }

  /**
   * Copies the weights of a checkpoint's last update as they are.
   *
   * @param source where it is
   * @param target a directory without weights, which is made
   * @return names of the files that are written
   * @throws IllegalArgumentException if the target holds weights, or the source is not there
   * @throws org.ofaspark.format.BadCheckpointException if the source is damaged or no OFA
   */
  public List<String> run(String source, String target) throws IOException {
    return run(source, Weights.LAST, Sizes.SAME, target).files();
  }

  /**
   * Copies a checkpoint.
   *
   * @param source where it is
   * @param weights which of its weights
   * @param sizes what tables are made larger or smaller to
   * @param target a directory without weights, which is made
   * @throws IllegalArgumentException if the target holds weights, or the source is not there
   * @throws org.ofaspark.format.BadCheckpointException if the source is damaged or no OFA
   */
  TransferSummary run(String source, Weights weights, Sizes sizes, String target)
      throws IOException {
    String directory = files.qualified(target);
    if (files.isFile(directory) || WeightDirectory.is(files, directory)) {
      throw new IllegalArgumentException(
          Text.format("TARGET: %s: holds weights (expected: a new directory)", directory));
    }
    if (files.exists(new RunDirectory(files, directory).provenance())) {
      throw new IllegalArgumentException(
          Text.format("TARGET: %s: holds a run (expected: a new directory)", directory));
    }
    StoredModel found = new ModelSource(files).read(source, weights);
    StoredModel model =
        found.with(
            found
                .network()
                .resized(
                    sizes.vocabulary().orElse(found.network().vocabularySize()),
                    sizes.imageBucket().orElse(found.network().config().imageBucketSize())));
    List<String> written =
        new SafetensorsFormat(WeightFiles.DEFAULT_MAX_BYTES).write(files, model, directory);
    return new TransferSummary(model, directory, written);
  }
}
