package org.ofaspark.checkpoint;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.ofaspark.config.Checks;
import org.ofaspark.config.Text;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.format.StoredTensor;
import org.ofaspark.format.TensorEntry;
import org.ofaspark.model.OfaConfig;
import org.ofaspark.model.OfaModel;
import org.ofaspark.model.ResnetConfig;
import org.ofaspark.model.TransformerConfig;
import org.ofaspark.nn.TensorSpec;

/**
 * The network that the tensors of a foreign checkpoint make, found by their names and shapes: they
 * say every size, so that no flags are needed, which a state dict by itself does not have.
 *
 * @param config the network's sizes; rates are 0
 * @param vocabularySize symbols of its dictionary
 * @param specs every tensor of the network
 */
public record ImportedModel(OfaConfig config, int vocabularySize, List<TensorSpec> specs) {

  private static final String IMAGES = "encoder.embed_images.";

  /** Rows of upstream's tables of positions beyond the longest sequence. */
  private static final int SPARE_POSITIONS = 2;

  /** More layers than any network has; a name could ask for any number. */
  private static final int MAX_LAYERS = 1000;

  /** Copies the list. */
  public ImportedModel {
    specs = List.copyOf(specs);
  }

  /**
   * Recognizes a network and checks that all its tensors are there, and no others.
   *
   * @param stored the checkpoint's tensors by upstream's names
   * @param attnScaleFactor what attention logits are scaled by; no tensor says it
   * @param name of the checkpoint, for messages
   * @throws BadCheckpointException if they make no network: naming every tensor that is missing,
   *     unexpected or of another shape or type
   * @throws IOException if reading fails
   */
  public static ImportedModel of(
      Map<String, StoredTensor> stored, double attnScaleFactor, String name) throws IOException {
    ImportedModel model = new Sizes(stored, name).model(attnScaleFactor);
    var check = new WeightCheck(model.specs());
    stored.values().forEach(tensor -> check.accept(tensor.entry(), tensor.file().name()));
    check.finish();
    requireTied(stored);
    return model;
  }

  /**
   * Returns this network for another vocabulary or another number of patches. Words keep their
   * numbers, patches their places; {@link WeightFiles#copy(TensorEntry, StoredTensor,
   * java.io.OutputStream)} makes the tables.
   *
   * @param vocabulary symbols of the dictionary, at least as many as now: upstream adds rows only
   * @param imageBucketSize patches on a side for which there are position embeddings
   */
  public ImportedModel resized(int vocabulary, int imageBucketSize) {
    Checks.atLeast("--vocabulary-size", vocabulary, vocabularySize);
    Checks.atLeast("--image-bucket-size", imageBucketSize, 1);
    var other =
        new OfaConfig(
            config.embedDim(),
            config.encoder(),
            config.decoder(),
            config.resnet(),
            config.tokenBucketSize(),
            imageBucketSize,
            config.attnScaleFactor(),
            config.maxSourcePositions(),
            config.maxTargetPositions(),
            config.dropout(),
            config.attentionDropout(),
            config.freezeEmbedding());
    return new ImportedModel(other, vocabulary, OfaModel.specs(other, vocabulary));
  }

  /** Checks that what stands for the embedding matrix under another name is the same. */
  private static void requireTied(Map<String, StoredTensor> stored) throws IOException {
    StoredTensor embedding = stored.get(OfaModel.EMBEDDING);
    for (String name : WeightFiles.TIED) {
      StoredTensor other = stored.get(name);
      if (other != null && embedding != null && !isEqual(embedding, other)) {
        throw new BadCheckpointException(
            Text.format(
                "%s: %s: differs from %s (expected: one matrix, as with --share-all-embeddings)",
                other.file().name(), name, OfaModel.EMBEDDING));
      }
    }
  }

  private static boolean isEqual(StoredTensor one, StoredTensor two) throws IOException {
    if (one.isStoredWith(two)) {
      return true;
    }
    if (one.entry().dtype() != two.entry().dtype()
        || !one.entry().shape().equals(two.entry().shape())) {
      return false;
    }
    byte[] left = new byte[1 << 16];
    byte[] right = new byte[left.length];
    try (InputStream a = new BufferedInputStream(one.open());
        InputStream b = new BufferedInputStream(two.open())) {
      int read = a.readNBytes(left, 0, left.length);
      while (read > 0) {
        b.readNBytes(right, 0, read);
        if (!Arrays.equals(left, 0, read, right, 0, read)) {
          return false;
        }
        read = a.readNBytes(left, 0, left.length);
      }
    }
    return true;
  }

  /** Reads sizes off shapes. */
  private static final class Sizes {
    private final Map<String, StoredTensor> stored;
    private final String name;
    private final Set<String> absent = new TreeSet<>();

    Sizes(Map<String, StoredTensor> stored, String name) {
      this.stored = stored;
      this.name = name;
    }

    ImportedModel model(double attnScaleFactor) throws BadCheckpointException {
      int vocabularySize = axis(Pattern.quote(OfaModel.EMBEDDING), 0);
      int embedDim = axis(Pattern.quote(OfaModel.EMBEDDING), 1);
      int tokenBuckets = axis("encoder\\.token_rel_pos_table_list\\.\\d+\\.weight", 0);
      int imagePositions = axis("encoder\\.embed_image_positions\\.weight", 0);
      int source = axis("encoder\\.embed_positions\\.weight", 0);
      int target = axis("decoder\\.embed_positions\\.weight", 0);
      int width = axis("encoder\\.embed_images\\.layer1\\.\\d+\\.conv1\\.weight", 0);
      Stack encoder = stack("encoder");
      Stack decoder = stack("decoder");
      List<Integer> blocks =
          IntStream.rangeClosed(1, 3).mapToObj(stage -> count(IMAGES + "layer" + stage)).toList();
      if (!absent.isEmpty()) {
        throw new BadCheckpointException(
            Text.format(
                "%s: no tensor named %s (expected: the names of upstream's OFA)",
                name, String.join(", ", absent)));
      }
      try {
        var config =
            new OfaConfig(
                embedDim,
                encoder.config(),
                decoder.config(),
                new ResnetConfig(blocks, width, 0, false),
                (tokenBuckets + 1) / 2,
                (int) Math.sqrt(imagePositions - 1.0),
                attnScaleFactor,
                source - SPARE_POSITIONS,
                target - SPARE_POSITIONS,
                0,
                0,
                false);
        return new ImportedModel(config, vocabularySize, OfaModel.specs(config, vocabularySize));
      } catch (IllegalArgumentException | ArithmeticException e) {
        throw new BadCheckpointException(
            Text.format(
                "%s: its shapes make no network: %s (expected: upstream's OFA)",
                name, e.getMessage()),
            e);
      }
    }

    private record Stack(int layers, int heads, int ffnEmbedDim) {
      TransformerConfig config() {
        return new TransformerConfig(layers, heads, ffnEmbedDim, 0);
      }
    }

    private Stack stack(String side) {
      String layer = side + "\\.layers\\.\\d+\\.";
      return new Stack(
          count(side + ".layers"),
          axis(layer + "self_attn\\.c_attn", 0),
          axis(layer + "fc1\\.weight", 0));
    }

    /** Returns the length of an axis of the first tensor of a name that fits 32 bits. */
    private int axis(String regex, int axis) {
      Pattern pattern = Pattern.compile(regex);
      for (StoredTensor tensor : stored.values()) {
        List<Long> shape = tensor.entry().shape();
        if (pattern.matcher(tensor.entry().name()).matches()
            && shape.size() > axis
            && shape.get(axis) <= Integer.MAX_VALUE) {
          return shape.get(axis).intValue();
        }
      }
      absent.add(regex.replaceAll("\\\\[QE]", "").replace("\\d+", "N").replace("\\.", "."));
      return 0;
    }

    /** Returns one more than the highest number that follows a prefix. */
    private int count(String prefix) {
      Pattern pattern = Pattern.compile(Pattern.quote(prefix) + "\\.(\\d{1,6})\\..*");
      int count = 0;
      for (String tensor : stored.keySet()) {
        Matcher matcher = pattern.matcher(tensor);
        if (matcher.matches()) {
          int number = Integer.parseInt(matcher.group(1));
          count = number < MAX_LAYERS ? Math.max(count, number + 1) : count;
        }
      }
      if (count == 0) {
        absent.add(prefix + ".N");
      }
      return count;
    }
  }
}
