package org.ofaspark.recipe;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.ofaspark.config.AllChecks;
import org.ofaspark.config.Key;
import org.ofaspark.config.Text;
import org.ofaspark.image.ImageLimits;

/**
 * What preprocessing reads, and which rows it rejects.
 *
 * @param input upstream's TSV files of each split, at any Hadoop URI
 * @param unlabelled splits whose rows may lack what is to be answered
 * @param dictionary upstream's dict.txt; empty for the dictionary without it
 * @param encoderJson upstream's encoder.json; empty for the GPT-2 vocabulary of this project
 * @param vocabBpe upstream's vocab.bpe; given with {@code encoderJson} or not at all
 * @param maxRejectRatio share of rejected rows above which preprocessing fails, 0 to 1
 * @param maxImagePixels most pixels of an image, width times height
 * @param maxImageBytes most bytes of an image, before base64
 * @param maxImageSide most pixels of an image's longer side
 * @param maxLineBytes most bytes of a line
 * @param rawLineLimit most bytes of a rejected line that are kept for a look at it
 */
public record PreprocessConfig(
    @Key(decides = {}) Map<String, List<String>> input,
    @Key(decides = {}) List<String> unlabelled,
    @Key(decides = {}) Optional<String> dictionary,
    @Key(decides = {}) Optional<String> encoderJson,
    @Key(decides = {}) Optional<String> vocabBpe,
    @Key(decides = {}) double maxRejectRatio,
    @Key(decides = {}) long maxImagePixels,
    @Key(
            decides = {},
            bytes = true)
        int maxImageBytes,
    @Key(decides = {}) int maxImageSide,
    @Key(
            decides = {},
            bytes = true)
        int maxLineBytes,
    @Key(
            decides = {},
            bytes = true)
        int rawLineLimit) {

  /** What an array holds, and its copies in a heap, with room to spare. */
  private static final int MAX_LINE_BYTES = 1 << 30;

  /** Checks every range. */
  public PreprocessConfig {
    var copy = new TreeMap<String, List<String>>();
    input.forEach((split, files) -> copy.put(split, List.copyOf(files)));
    input = Collections.unmodifiableMap(copy);
    unlabelled = List.copyOf(unlabelled);
    AllChecks checks = new AllChecks();
    for (String split : input.keySet()) {
      checks.make(() -> TableConfig.checkSplit("preprocess.input", split));
    }
    long encoded = maxImageBytes * 4L / 3; // as base64
    checks
        .that(
            "preprocess.vocab-bpe",
            vocabBpe.orElse("unset"),
            vocabBpe.isPresent() == encoderJson.isPresent(),
            "set with preprocess.encoder-json, or neither")
        .inRange("preprocess.max-reject-ratio", maxRejectRatio, 0, 1)
        .that(
            "preprocess.max-image-pixels",
            maxImagePixels,
            maxImagePixels >= 1 && maxImagePixels <= ImageLimits.MAX_PIXELS,
            "1 to " + ImageLimits.MAX_PIXELS)
        .atLeast("preprocess.max-image-bytes", maxImageBytes, 1)
        .atLeast("preprocess.max-image-side", maxImageSide, 1)
        .that(
            "preprocess.max-line-bytes",
            maxLineBytes,
            maxLineBytes > encoded && maxLineBytes <= MAX_LINE_BYTES,
            Text.format(
                "more than %d, so that an image of preprocess.max-image-bytes fits, up to %d",
                encoded, MAX_LINE_BYTES))
        .atLeast("preprocess.raw-line-limit", rawLineLimit, 0)
        .done();
  }

  /** Returns how large an image may be. */
  public ImageLimits imageLimits() {
    return new ImageLimits(maxImagePixels, maxImageBytes, maxImageSide);
  }
}
