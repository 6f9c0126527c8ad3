package org.ofaspark.data;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.ofaspark.image.BadImageException;
import org.ofaspark.image.Box;
import org.ofaspark.image.BoxBins;
import org.ofaspark.image.ImageDecoder;
import org.ofaspark.image.ImageLimits;
import org.ofaspark.image.ResizeRatios;
import org.ofaspark.image.RgbImage;
import org.ofaspark.text.CaptionText;
import org.ofaspark.text.Dictionary;
import org.ofaspark.text.TokenCodec;

/**
 * Turns a line of upstream's tables into an example, or says why it cannot be one.
 *
 * <p>Upstream: {@code data/file_dataset.py}, {@code mm_data/caption_dataset.py} and {@code
 * refcoco_dataset.py}. Different on purpose: a bad row has a reason instead of ending the epoch;
 * base64 with bytes outside both alphabets is refused, where upstream skips them; a region up to a
 * pixel outside its image is moved inside, where upstream makes an unknown symbol of it.
 *
 * <p>Thread-safe.
 */
public final class RowReader {

  private static final int MAX_ID_LENGTH = 200;
  private static final float BOX_TOLERANCE = 1;

  private final Task task;
  private final Target target;
  private final DataConfig config;
  private final int maxTokens;
  private final TokenCodec codec;
  private final ImageDecoder decoder;
  private final BoxBins bins;

  /** What the text column becomes. */
  public enum Target {
    /** One caption without punctuation, cut to the longest target. */
    TRAINING,
    /** All references of the image, whole. */
    EVALUATION
  }

  /**
   * Creates a reader.
   *
   * @param task what the rows are for
   * @param target what the text column becomes
   * @param config columns and sizes
   * @param maxTokens most tokens of a source or target, end symbols included
   * @param codec the dictionary
   * @param limits of images
   */
  public RowReader(
      Task task,
      Target target,
      DataConfig config,
      int maxTokens,
      TokenCodec codec,
      ImageLimits limits) {
    this.task = task;
    this.target = target;
    this.config = config;
    this.maxTokens = maxTokens;
    this.codec = codec;
    this.decoder = new ImageDecoder(limits);
    this.bins = config.boxBins();
  }

  /** A fault found on the way; it never leaves this class. */
  private static final class Fault extends Exception {
    private static final long serialVersionUID = 1;
    private final RejectReason reason;

    Fault(RejectReason reason, String message) {
      super(message, null, false, false); // no stack trace: there may be millions
      this.reason = reason;
    }
  }

  /**
   * Reads a line.
   *
   * @param line its bytes without the line end
   */
  public RowOutcome read(byte[] line) {
    try {
      return new RowOutcome.Accepted(example(line));
    } catch (Fault e) {
      return new RowOutcome.Rejected(e.reason, String.valueOf(e.getMessage()));
    }
  }

  private Example example(byte[] line) throws Fault {
    List<byte[]> columns = columns(line);
    String id = id(text(columns, config.selectedCols().get(0)));
    String imageId = id(text(columns, config.imageIdCol()));
    String text = text(columns, config.selectedCols().get(2));
    return task == Task.CAPTION
        ? captionExample(id, imageId, text, columns)
        : regionExample(id, imageId, text, columns);
  }

  private Example captionExample(String id, String imageId, String text, List<byte[]> columns)
      throws Fault {
    List<String> references = CaptionText.references(text);
    String caption =
        target == Target.TRAINING
            ? CaptionText.trainingCaption(text, config.maxTgtLength())
            : CaptionText.validationCaption(text);
    if (caption.isEmpty() || references.stream().allMatch(String::isEmpty)) {
      throw new Fault(
          RejectReason.EMPTY_CAPTION,
          "caption: \"%s\" (expected: at least a word)".formatted(text));
    }
    List<Integer> source = sourceTokens(CaptionText.CAPTION_PROMPT);
    List<Integer> tokens = targetTokens(codec.encode(" " + caption));
    EncodedImage image = image(columns.get(config.selectedCols().get(1)));
    return new Example(id, imageId, image, source, tokens, text, references, Optional.empty());
  }

  private Example regionExample(String id, String imageId, String text, List<byte[]> columns)
      throws Fault {
    String expression = CaptionText.preCaption(text, config.maxSrcLength());
    if (expression.isEmpty()) {
      throw new Fault(
          RejectReason.EMPTY_EXPRESSION,
          "expression: \"%s\" (expected: at least a word)".formatted(text));
    }
    List<Integer> source = sourceTokens(CaptionText.regionPrompt(expression));
    float[] corners = corners(text(columns, config.selectedCols().get(3)));
    EncodedImage image = image(columns.get(config.selectedCols().get(1)));
    Region region = region(corners, image);
    int[] symbols = region.bins().stream().mapToInt(bin -> codec.dictionary().binId(bin)).toArray();
    return new Example(
        id, imageId, image, source, targetTokens(symbols), text, List.of(), Optional.of(region));
  }

  private List<byte[]> columns(byte[] line) throws Fault {
    if (line.length == 0) {
      throw new Fault(RejectReason.EMPTY_LINE, "line: empty (expected: a row)");
    }
    List<byte[]> columns = new ArrayList<>();
    int start = 0;
    for (int i = 0; i <= line.length; i++) {
      if (i == line.length || line[i] == '\t') {
        columns.add(Arrays.copyOfRange(line, start, i));
        start = i + 1;
      } else if (line[i] == 0) {
        throw new Fault(RejectReason.NUL, "byte %d: NUL (expected: text)".formatted(i));
      }
    }
    if (columns.size() != config.columns()) {
      throw new Fault(
          RejectReason.WRONG_COLUMN_COUNT,
          "columns: %d (expected: %d, divided by tabs)"
              .formatted(columns.size(), config.columns()));
    }
    return columns;
  }

  private static String text(List<byte[]> columns, int column) throws Fault {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(columns.get(column)))
          .toString();
    } catch (CharacterCodingException e) {
      throw new Fault(
          RejectReason.INVALID_UTF8, "column %d: not UTF-8 (expected: UTF-8)".formatted(column));
    }
  }

  private static String id(String id) throws Fault {
    if (id.isBlank()
        || id.length() > MAX_ID_LENGTH
        || id.chars().anyMatch(Character::isISOControl)) {
      throw new Fault(
          RejectReason.BAD_ID,
          "id: \"%s\" (expected: 1 to %d characters, no control characters)"
              .formatted(id.substring(0, Math.min(id.length(), 50)), MAX_ID_LENGTH));
    }
    return id;
  }

  private List<Integer> sourceTokens(String text) throws Fault {
    int[] tokens = codec.encode(text);
    return bounded(
        "source",
        IntStream.concat(
            IntStream.of(Dictionary.BOS),
            IntStream.concat(IntStream.of(tokens), IntStream.of(Dictionary.EOS))));
  }

  private List<Integer> targetTokens(int[] tokens) throws Fault {
    return bounded("target", IntStream.concat(IntStream.of(tokens), IntStream.of(Dictionary.EOS)));
  }

  private List<Integer> bounded(String what, IntStream tokens) throws Fault {
    List<Integer> list = tokens.boxed().toList();
    if (list.size() > maxTokens) {
      throw new Fault(
          RejectReason.TEXT_TOO_LONG,
          "%s: %d tokens (expected: at most %d)".formatted(what, list.size(), maxTokens));
    }
    return list;
  }

  private EncodedImage image(byte[] base64) throws Fault {
    byte[] file = decodeBase64(base64);
    try {
      RgbImage pixels = decoder.decode(file); // proves that training will be able to
      return new EncodedImage(file, pixels.width(), pixels.height());
    } catch (BadImageException e) {
      throw new Fault(reason(e.reason()), String.valueOf(e.getMessage()));
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
  private static byte[] decodeBase64(byte[] text) throws Fault {
    byte[] standard = text.clone();
    for (int i = 0; i < standard.length; i++) {
      standard[i] = standard[i] == '-' ? (byte) '+' : standard[i] == '_' ? (byte) '/' : standard[i];
    }
    try {
      return Base64.getDecoder().decode(standard);
    } catch (IllegalArgumentException e) {
      throw new Fault(
          RejectReason.BAD_BASE64,
          "image: %d bytes that are not base64 (expected: base64): %s"
              .formatted(text.length, e.getMessage()));
    }
  }

  private static float[] corners(String text) throws Fault {
    String[] parts = text.split(",", -1);
    float[] corners = new float[4];
    try {
      for (int i = 0; i < 4; i++) {
        corners[i] = Float.parseFloat(parts[i].strip());
      }
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      throw notFourNumbers(text);
    }
    boolean finite =
        IntStream.range(0, 4).mapToObj(i -> corners[i]).allMatch(x -> Float.isFinite(x));
    if (parts.length != 4 || !finite) {
      throw notFourNumbers(text);
    }
    return corners;
  }

  private static Fault notFourNumbers(String text) {
    return new Fault(
        RejectReason.BOX_NOT_FOUR_NUMBERS,
        "region: \"%s\" (expected: four numbers, left,top,right,bottom)".formatted(text));
  }

  private Region region(float[] corners, EncodedImage image) throws Fault {
    float x0 = inside(corners[0], image.width());
    float y0 = inside(corners[1], image.height());
    float x1 = inside(corners[2], image.width());
    float y1 = inside(corners[3], image.height());
    boolean near =
        Math.abs(x0 - corners[0]) <= BOX_TOLERANCE
            && Math.abs(y0 - corners[1]) <= BOX_TOLERANCE
            && Math.abs(x1 - corners[2]) <= BOX_TOLERANCE
            && Math.abs(y1 - corners[3]) <= BOX_TOLERANCE;
    if (!near || x0 >= x1 || y0 >= y1) {
      throw new Fault(
          RejectReason.BOX_OUTSIDE_OR_INVERTED,
          "region: %s (expected: left < right, top < bottom, within %d x %d pixels)"
              .formatted(Arrays.toString(corners), image.width(), image.height()));
    }
    Box box = new Box(x0, y0, x1, y1);
    ResizeRatios ratios = bins.ratios(image.width(), image.height());
    List<Integer> quantized = Arrays.stream(bins.quantize(box, ratios)).boxed().toList();
    return new Region(box, quantized, ratios);
  }

  private static float inside(float coordinate, int size) {
    return Math.max(0, Math.min(coordinate, size));
  }
}
