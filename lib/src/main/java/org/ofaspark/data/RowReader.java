package org.ofaspark.data;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.ofaspark.image.BadImageException;
import org.ofaspark.image.Box;
import org.ofaspark.image.BoxBins;
import org.ofaspark.image.ImageDecoder;
import org.ofaspark.image.ImageHeader;
import org.ofaspark.image.ImageLimits;
import org.ofaspark.image.ResizeRatios;
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
 * <p>Rows of one image often follow each other, since upstream's tables repeat the image for each
 * of its captions or expressions; such a run has its image decoded once. Used by one thread.
 */
public final class RowReader {

  private static final float BOX_TOLERANCE = 1;

  private final Task task;
  private final Target target;
  private final RowTextReader texts;
  private final DataConfig config;
  private final int maxTokens;
  private final TokenCodec codec;
  private final ImageDecoder decoder;
  private final BoxBins bins;

  private byte[] lastColumn = {};
  private @Nullable EncodedImage lastImage;

  /** What the text column becomes. */
  public enum Target {
    /** One caption without punctuation, cut to the longest target. */
    TRAINING,
    /** All references of the image, whole. */
    EVALUATION,
    /** The same, or nothing: what is to be answered need not be known. */
    PREDICTION
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
    this.texts = new RowTextReader(task, target, config);
    this.config = config;
    this.maxTokens = maxTokens;
    this.codec = codec;
    this.decoder = new ImageDecoder(limits);
    this.bins = config.boxBins();
  }

  /**
   * Reads a line.
   *
   * @param line its bytes without the line end
   */
  public RowOutcome read(byte[] line) {
    Optional<String> id = Optional.empty();
    try {
      RowColumns columns = RowColumns.split(line, config.columns());
      id = Optional.of(columns.id(config.selectedCols().get(0)));
      return new RowOutcome.Accepted(example(id.get(), columns));
    } catch (RowFault e) {
      return new RowOutcome.Rejected(e.reason(), String.valueOf(e.getMessage()), id);
    }
  }

  private Example example(String id, RowColumns columns) throws RowFault {
    String imageId = columns.id(config.imageIdCol());
    RowTextReader.RowText text = texts.read(columns);
    List<Integer> source = sourceTokens(text.source(), codec, maxTokens);
    byte[] imageColumn = columns.bytes(config.selectedCols().get(1));
    if (task == Task.CAPTION) {
      List<Integer> target = targetTokens(codec.encode(text.target().orElseThrow()));
      return new Example(
          id,
          imageId,
          image(imageColumn),
          source,
          target,
          text.raw(),
          text.references(),
          Optional.empty());
    }
    String corners = columns.text(config.selectedCols().get(3));
    Optional<Region> region = Optional.empty();
    int[] symbols = {};
    if (target != Target.PREDICTION || !corners.isBlank()) {
      float[] numbers = corners(corners);
      region = Optional.of(region(numbers, image(imageColumn)));
      symbols =
          region.get().bins().stream().mapToInt(bin -> codec.dictionary().binId(bin)).toArray();
    }
    return new Example(
        id,
        imageId,
        image(imageColumn),
        source,
        targetTokens(symbols),
        text.raw(),
        List.of(),
        region);
  }

  /** Returns the tokens that the encoder reads of a text. */
  static List<Integer> sourceTokens(String text, TokenCodec codec, int maxTokens) throws RowFault {
    IntStream tokens =
        IntStream.concat(IntStream.of(Dictionary.BOS), IntStream.of(codec.encode(text)));
    return bounded("source", IntStream.concat(tokens, IntStream.of(Dictionary.EOS)), maxTokens);
  }

  private List<Integer> targetTokens(int[] tokens) throws RowFault {
    return bounded(
        "target", IntStream.concat(IntStream.of(tokens), IntStream.of(Dictionary.EOS)), maxTokens);
  }

  private static List<Integer> bounded(String what, IntStream tokens, int maxTokens)
      throws RowFault {
    List<Integer> list = tokens.boxed().toList();
    if (list.size() > maxTokens) {
      throw new RowFault(
          RejectReason.TEXT_TOO_LONG,
          String.format(
              Locale.ROOT, "%s: %d tokens (expected: at most %d)", what, list.size(), maxTokens));
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
          String.format(
              Locale.ROOT,
              "image: %d bytes that are not base64 (expected: base64): %s%s",
              text.length,
              e.getMessage(),
              hint(text)));
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

  private static float[] corners(String text) throws RowFault {
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

  private static RowFault notFourNumbers(String text) {
    return new RowFault(
        RejectReason.BOX_NOT_FOUR_NUMBERS,
        String.format(
            Locale.ROOT,
            "region: %s (expected: four numbers, left,top,right,bottom)",
            RowFault.quote(text)));
  }

  private Region region(float[] corners, EncodedImage image) throws RowFault {
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
      throw new RowFault(
          RejectReason.BOX_OUTSIDE_OR_INVERTED,
          String.format(
              Locale.ROOT,
              "region: %s (expected: left < right, top < bottom, within %d x %d pixels)",
              Arrays.toString(corners),
              image.width(),
              image.height()));
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
