package org.ofaspark.jobs.transfer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.ofaspark.checkpoint.BadCheckpointException;
import org.ofaspark.checkpoint.ByteSource;
import org.ofaspark.checkpoint.SafetensorsReader;
import org.ofaspark.checkpoint.StoredTensor;
import org.ofaspark.checkpoint.TorchCheckpoint;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.WeightDirectory;

/**
 * A checkpoint of another program.
 *
 * @param tensors where its tensors lie, by name
 * @param flags what it was trained with, by upstream's names; empty if it does not say
 */
record ForeignCheckpoint(Map<String, StoredTensor> tensors, Map<String, Object> flags) {

  private static final String ZIP = "PK\003\004";

  /** Which of the weights that a checkpoint may hold. */
  enum Weights {
    /** Those of the last update. */
    LAST,
    /** Their averages over the updates. */
    AVERAGED
  }

  /**
   * Reads where a checkpoint's tensors lie.
   *
   * @param source a file of torch, a safetensors file, or a directory of these
   */
  static ForeignCheckpoint read(HadoopFiles files, String source, Weights weights)
      throws IOException {
    if (!files.exists(source)) {
      throw new IllegalArgumentException(
          "SOURCE: %s: not there (expected: a file or directory)".formatted(source));
    }
    if (files.isFile(source) && isZip(files.source(source))) {
      TorchCheckpoint torch = TorchCheckpoint.read(files.source(source));
      return new ForeignCheckpoint(
          weights == Weights.LAST ? torch.weights() : torch.averagedWeights(), torch.flags());
    }
    if (weights == Weights.AVERAGED) {
      throw new IllegalArgumentException(
          "--ema: %s (expected: a checkpoint of fairseq, which may hold averages)"
              .formatted(source));
    }
    if (!files.isFile(source)) {
      return new ForeignCheckpoint(ofDirectory(files, source), Map.of());
    }
    if (!source.endsWith(".safetensors")) {
      throw new BadCheckpointException(
          "%s: no zip archive (expected: a file of torch 1.6 or later, or .safetensors); load an"
                  .formatted(source)
              + " older file in torch and save it again");
    }
    return new ForeignCheckpoint(SafetensorsReader.locate(files.source(source)), Map.of());
  }

  private static boolean isZip(ByteSource file) throws IOException {
    byte[] zip = ZIP.getBytes(StandardCharsets.ISO_8859_1);
    return file.length() >= zip.length
        && new String(ByteSource.read(file, 0, zip.length), StandardCharsets.ISO_8859_1)
            .equals(ZIP);
  }

  private static Map<String, StoredTensor> ofDirectory(HadoopFiles files, String directory)
      throws IOException {
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    for (String name : WeightDirectory.files(files, directory)) {
      for (var tensor : SafetensorsReader.locate(files.source(directory + "/" + name)).entrySet()) {
        StoredTensor other = tensors.put(tensor.getKey(), tensor.getValue());
        if (other != null) {
          throw new BadCheckpointException(
              "%s: %s: in %s and %s (expected: in one file)"
                  .formatted(directory, tensor.getKey(), other.file().name(), name));
        }
      }
    }
    return tensors;
  }
}
