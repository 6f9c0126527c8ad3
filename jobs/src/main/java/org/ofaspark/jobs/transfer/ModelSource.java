package org.ofaspark.jobs.transfer;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.ofaspark.checkpoint.HuggingFaceNames;
import org.ofaspark.checkpoint.ImportedModel;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.config.Text;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.format.ByteSource;
import org.ofaspark.format.SafetensorsReader;
import org.ofaspark.format.StoredTensor;
import org.ofaspark.format.TorchCheckpoint;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.WeightDirectory;
import org.ofaspark.model.OfaModel;

/**
 * Finds a model in files, by what they hold and not by what they are called: torch's or
 * safetensors, one file or several, with upstream's names or Hugging Face's.
 */
final class ModelSource {

  /** Upstream's default. */
  private static final double ATTN_SCALE_FACTOR = 2;

  private static final String TORCH_SINGLE = "pytorch_model.bin";
  private static final String TORCH_INDEX = "pytorch_model.bin.index.json";

  /** What is put before all names by a model inside of others: of frameworks, DDP, compile. */
  private static final Pattern PREFIX = Pattern.compile("((model|module|_orig_mod)\\.)*");

  private static final int START_BYTES = 30;

  private final HadoopFiles files;

  /** Which of the weights that a checkpoint may hold. */
  enum Weights {
    /** Those of the last update. */
    LAST,
    /** Their averages over the updates. */
    AVERAGED
  }

  /** Tensors of files, and what the files tell about them. */
  private record Content(Map<String, StoredTensor> tensors, Map<String, Object> flags) {}

  ModelSource(HadoopFiles files) {
    this.files = files;
  }

  /**
   * Finds a model; its tensors are not read.
   *
   * @param source a file of torch, a safetensors file, or a directory of these
   * @param weights which of its weights
   * @throws IllegalArgumentException if there is nothing, or not the weights that are asked for
   * @throws BadCheckpointException if it is damaged, or no OFA: naming every tensor that is
   *     missing, unexpected or of another shape or type
   */
  StoredModel read(String source, Weights weights) throws IOException {
    if (!files.exists(source)) {
      throw new IllegalArgumentException(
          Text.format("SOURCE: %s: not there (expected: a file or directory)", source));
    }
    Content content = files.isFile(source) ? file(source, weights) : directory(source, weights);
    Map<String, StoredTensor> tensors = named(content.tensors());
    double attnScaleFactor =
        content.flags().get("attn_scale_factor") instanceof Number factor
            ? factor.doubleValue()
            : ATTN_SCALE_FACTOR;
    ImportedModel network = ImportedModel.of(tensors, attnScaleFactor, source);
    return new StoredModel(source, tensors, content.flags(), network);
  }

  /**
   * Tells whether what is at a path is not yet as this project keeps weights: a file, or a
   * directory of torch's files or with Hugging Face's names.
   *
   * @param path of something that is there
   */
  boolean isForeign(String path) throws IOException {
    if (files.isFile(path)) {
      return true;
    }
    if (!WeightDirectory.is(files, path)) {
      for (String name : List.of(TORCH_SINGLE, TORCH_INDEX, FairseqFormat.FILE)) {
        if (files.exists(path + "/" + name)) {
          return true;
        }
      }
      return false;
    }
    try {
      Map<String, StoredTensor> stored = directory(path, Weights.LAST).tensors();
      String prefix = prefix(stored.keySet());
      return !prefix.isEmpty() || HuggingFaceNames.are(List.copyOf(stored.keySet()));
    } catch (BadCheckpointException e) {
      return false; // of this project, and damaged: whoever reads it says how
    }
  }

  private Content file(String path, Weights weights) throws IOException {
    ByteSource file = files.source(path);
    byte[] start = ByteSource.read(file, 0, (int) Math.min(file.length(), START_BYTES));
    if (TorchCheckpoint.is(start)) {
      TorchCheckpoint torch = TorchCheckpoint.read(file);
      return new Content(
          weights == Weights.LAST ? torch.weights() : torch.averagedWeights(), torch.flags());
    }
    if (weights == Weights.AVERAGED) {
      throw new IllegalArgumentException(
          Text.format(
              "--ema: %s (expected: a checkpoint of fairseq, which may hold averages)", path));
    }
    if (start.length <= Long.BYTES || start[Long.BYTES] != '{') {
      throw new BadCheckpointException(
          path + ": begins as no file of weights (expected: a file of torch.save or safetensors)");
    }
    return new Content(SafetensorsReader.locate(file), Map.of());
  }

  private Content directory(String directory, Weights weights) throws IOException {
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    Map<String, Object> flags = new LinkedHashMap<>();
    for (String name : names(directory)) {
      Content content = file(directory + "/" + name, weights);
      flags.putAll(content.flags());
      for (var tensor : content.tensors().entrySet()) {
        StoredTensor other = tensors.put(tensor.getKey(), tensor.getValue());
        if (other != null) {
          throw new BadCheckpointException(
              Text.format(
                  "%s: %s: in %s and %s (expected: in one file)",
                  directory, tensor.getKey(), other.file().name(), name));
        }
      }
    }
    flags.putAll(ModelFlags.of(files, directory));
    return new Content(tensors, flags);
  }

  private List<String> names(String directory) throws IOException {
    if (!WeightDirectory.is(files, directory)) {
      for (String name : List.of(TORCH_SINGLE, FairseqFormat.FILE)) {
        if (files.exists(directory + "/" + name)) {
          return List.of(name);
        }
      }
      if (files.exists(directory + "/" + TORCH_INDEX)) {
        return WeightDirectory.indexed(files, directory + "/" + TORCH_INDEX, "bin");
      }
    }
    return WeightDirectory.files(files, directory);
  }

  /** Gives the tensors upstream's names. */
  private static Map<String, StoredTensor> named(Map<String, StoredTensor> stored) {
    String prefix = prefix(stored.keySet());
    boolean huggingFace =
        HuggingFaceNames.are(
            stored.keySet().stream().map(name -> withoutPrefix(name, prefix)).toList());
    Map<String, StoredTensor> named = new LinkedHashMap<>();
    for (StoredTensor tensor : stored.values()) {
      String plain = withoutPrefix(tensor.entry().name(), prefix);
      String name = huggingFace ? HuggingFaceNames.upstream(plain) : plain;
      named.put(name, tensor.renamed(name));
    }
    for (String name : WeightFiles.TIED) { // safetensors keeps but one, the first by name
      StoredTensor tied = named.get(name);
      if (tied != null) {
        named.putIfAbsent(OfaModel.EMBEDDING, tied.renamed(OfaModel.EMBEDDING));
      }
    }
    return named;
  }

  /** Returns what stands before the name of the embedding matrix, by one of its names. */
  private static String prefix(Collection<String> names) {
    List<String> embeddings = new ArrayList<>(WeightFiles.TIED);
    embeddings.add(0, OfaModel.EMBEDDING);
    for (String embedding : embeddings) {
      for (String name : names) {
        String prefix = name.substring(0, Math.max(0, name.length() - embedding.length()));
        if (name.endsWith(embedding) && PREFIX.matcher(prefix).matches()) {
          return prefix;
        }
      }
    }
    return "";
  }

  private static String withoutPrefix(String name, String prefix) {
    String plain = name.startsWith(prefix) ? name.substring(prefix.length()) : name;
    return plain.replace("_orig_mod.", ""); // a part that was compiled
  }
}
