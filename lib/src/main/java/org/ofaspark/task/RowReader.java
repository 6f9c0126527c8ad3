package org.ofaspark.task;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;
import org.ofaspark.data.DataConfig;
import org.ofaspark.data.EncodedImage;
import org.ofaspark.data.Example;
import org.ofaspark.image.BadImageException;
import org.ofaspark.image.ImageDecoder;
import org.ofaspark.image.ImageHeader;
import org.ofaspark.image.ImageLimits;
import org.ofaspark.text.Dictionary;
import org.ofaspark.text.TokenCodec;

/**
 * Turns a line of upstream's tables into an example, or says why it cannot be one.
 *
 * <p>Upstream: {@code data/file_dataset.py}. Different on purpose: a bad row has a reason instead
 * of ending the epoch; base64 with bytes outside both alphabets is refused, where upstream skips
 * them.
 *
 * <p>Rows of one image often follow each other, since upstream's tables repeat the image for each
 * of its captions or expressions; such a run has its image decoded once. Used by one thread.
 */
public final class RowReader {

  private final Task task;
  private final InputRow.Purpose purpose;
  private final DataConfig config;
  private final int maxTokens;
  private final TokenCodec codec;
  private final ImageDecoder decoder;

  private byte[] lastColumn = {};
  private @Nullable EncodedImage lastImage;

  /**
   * Creates a reader.
   *
   * @param task what the rows are for
   * @param purpose what their split is for
   * @param config columns and sizes
   * @param maxTokens most tokens of a source or target, end symbols included
   * @param codec the dictionary
   * @param limits of images
   */
  public RowReader(
      Task task,
      InputRow.Purpose purpose,
      DataConfig config,
      int maxTokens,
      TokenCodec codec,
      ImageLimits limits) {
    this.task = task;
    this.purpose = purpose;
    this.config = config;
    this.maxTokens = maxTokens;
    this.codec = codec;
    this.decoder = new ImageDecoder(limits);
  }

  /**
   * Reads a line.
   *
   * @param line its bytes without the line end
   */
  public RowOutcome read(byte[] line) {
    Optional<String> id = Optional.empty();
    try {
      var row = new TsvRow(task, purpose, config, line, this::image);
      id = Optional.of(row.id(InputRow.ID));
      return new RowOutcome.Accepted(example(id.get(), row));
    } catch (RowFault e) {
      return new RowOutcome.Rejected(e.reason(), String.valueOf(e.getMessage()), id);
    }
  }

  /**
   * Returns the texts of a line that would become tokens: none, if it has no valid ones. Images are
   * not looked at.
   *
   * @param task what the row is for
   * @param purpose what its split is for
   * @param config columns and sizes
   * @param line its bytes without the line end
   */
  public static List<String> encodedTexts(
      Task task, InputRow.Purpose purpose, DataConfig config, byte[] line) {
    try {
      RowTexts texts = task.texts(new TsvRow(task, purpose, config, line, TsvRow.NO_IMAGE));
      return List.of(texts.source(), texts.target());
    } catch (RowFault e) {
      return List.of();
    }
  }

  private Example example(String id, TsvRow row) throws RowFault {
    String imageId = row.imageId();
    RowTexts texts = task.texts(row);
    List<Integer> source = sourceTokens(texts.source(), codec, maxTokens);
    Task.Label label = task.label(row, texts, codec);
    IntStream target =
        IntStream.concat(
            label.target().stream().mapToInt(token -> token), IntStream.of(Dictionary.EOS));
    List<Integer> targetTokens = bounded("target", target, maxTokens);
    return new Example(
        id, imageId, row.image(), source, targetTokens, row.text(task.textInput()), label.own());
  }

  /** Returns the tokens that the encoder reads of a text. */
  static List<Integer> sourceTokens(String text, TokenCodec codec, int maxTokens) throws RowFault {
    IntStream tokens =
        IntStream.concat(IntStream.of(Dictionary.BOS), IntStream.of(codec.encode(text)));
    return bounded("source", IntStream.concat(tokens, IntStream.of(Dictionary.EOS)), maxTokens);
  }

  private static List<Integer> bounded(String what, IntStream tokens, int maxTokens)
      throws RowFault {
    List<Integer> list = tokens.boxed().toList();
    if (list.size() > maxTokens) {
      throw new RowFault(
          RejectReason.TEXT_TOO_LONG,
          Text.format("%s: %d tokens (expected: at most %d)", what, list.size(), maxTokens));
    }
    return list;
  }

  private EncodedImage image(byte[] base64) throws RowFault {
    EncodedImage image = lastImage;
    if (image == null || !Arrays.equals(base64, lastColumn)) {
      image = decodedImage(base64);
      lastImage = image;
      lastColumn = base64;
    }
    return image;
  }

  private EncodedImage decodedImage(byte[] base64) throws RowFault {
    byte[] file = decodeBase64(base64);
    try {
      ImageHeader header = decoder.verify(file); // proves that training will be able to decode it
      return new EncodedImage(file, header.width(), header.height());
    } catch (BadImageException e) {
      throw new RowFault(reason(e.reason()), String.valueOf(e.getMessage()));
    }
  }

  private static RejectReason reason(BadImageException.Reason reason) {
    return switch (reason) {
      case NOT_AN_IMAGE -> RejectReason.NOT_AN_IMAGE;
      case UNSUPPORTED_FORMAT -> RejectReason.UNSUPPORTED_IMAGE;
      case TRUNCATED -> RejectReason.TRUNCATED_IMAGE;
      case TOO_MANY_PIXELS, TOO_MANY_BYTES -> RejectReason.IMAGE_TOO_LARGE;
      case CORRUPT -> RejectReason.CORRUPT_IMAGE;
    };
  }

  /** Accepts both alphabets, as upstream. */
  private static byte[] decodeBase64(byte[] text) throws RowFault {
    byte[] standard = text.clone();
    for (int i = 0; i < standard.length; i++) {
      standard[i] = standard[i] == '-' ? (byte) '+' : standard[i] == '_' ? (byte) '/' : standard[i];
    }
    try {
      return Base64.getDecoder().decode(standard);
    } catch (IllegalArgumentException e) {
      throw new RowFault(
          RejectReason.BAD_BASE64,
          Text.format(
              "image: %d bytes that are not base64 (expected: base64): %s%s",
              text.length, e.getMessage(), hint(text)));
    }
  }

  /** Says what is no base64 but may be meant to lead to an image. */
  private static String hint(byte[] text) {
    String start = new String(text, 0, Math.min(text.length, 200), StandardCharsets.ISO_8859_1);
    if (start.startsWith("data:")) {
      return "; of a data: URI, keep only what follows the comma";
    }
    if (start.matches("(?is)[a-z0-9]+://.*|.*\\.(jpe?g|png|gif|webp|bmp|tiff?)")) {
      return "; it looks like the address of an image, whose bytes belong here";
    }
    return "";
  }
}
