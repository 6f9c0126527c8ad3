package org.ofaspark.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonObject;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.ofaspark.golden.Golden;
import org.ofaspark.golden.Golden.Tensor;

class ImageGoldenTest {

  /**
   * How far another build of libjpeg may be from Pillow's, in 8-bit steps. Measured: 0 and 0 with a
   * JDK on libjpeg-turbo, over all golden files; the inverse DCT is the same in every build, but
   * chroma that is halved in one direction is not interpolated in all of them.
   */
  private static final int MAX_JPEG_STEPS = 4;

  private static final double MEAN_JPEG_STEPS = 0.25;

  private static final Pattern TENSOR_NAME =
      Pattern.compile("(.+)/(?:caption|refcoco)_(\\d+)(_imagenet)?");

  private static final Golden.Tensors TENSORS = Golden.tensors("image/tensors.safetensors");

  private final ImageDecoder decoder = new ImageDecoder(PhotoLimits.PHOTOS);

  static Stream<JsonObject> images() {
    return Golden.object("image/images.json").getAsJsonObject("images").asMap().values().stream()
        .map(image -> image.getAsJsonObject());
  }

  static Stream<String> tensors() {
    return TENSORS.names().stream();
  }

  @ParameterizedTest
  @MethodSource("images")
  void headerTellsTheSize(JsonObject golden) {
    ImageHeader header = decoder.header(encoded(golden));
    assertThat(header.width()).isEqualTo(golden.get("width").getAsInt());
    assertThat(header.height()).isEqualTo(golden.get("height").getAsInt());
  }

  @ParameterizedTest
  @MethodSource("images")
  void pixelsArePillows(JsonObject golden) {
    RgbImage pillows = decoder.decode(pillowsPng(golden));
    String sha256 = golden.get("decoded_rgb_sha256").getAsString();
    assertThat(sha256(pillows)).isEqualTo(sha256);
    RgbImage image = decoder.decode(encoded(golden));
    if (ImageHeader.read(encoded(golden)).format() == ImageFormat.PNG) {
      assertThat(sha256(image)).isEqualTo(sha256);
    } else {
      assertWithinJpegSteps(image, pillows);
    }
  }

  @ParameterizedTest
  @MethodSource("tensors")
  void resizedPixelsAreUpstreamsStepByStep(String name) {
    JsonObject golden = goldenOf(name);
    RgbImage resized = resized(name, pillowsPng(golden));
    assertThat(resized.toBytes()).isEqualTo(steps(name, resized).toBytes());
    float[] values = normalization(name).apply(resized);
    float[] expected = tensor(name).floats();
    assertThat(values).hasSameSizeAs(expected);
    for (int i = 0; i < values.length; i++) {
      assertThat(values[i]).isCloseTo(expected[i], within(1e-6f));
    }
  }

  @ParameterizedTest
  @MethodSource("tensors")
  void resizedFilesAreUpstreamsWithinJpegSteps(String name) {
    RgbImage resized = resized(name, encoded(goldenOf(name)));
    assertWithinJpegSteps(resized, steps(name, resized));
  }

  @ParameterizedTest
  @MethodSource("images")
  void boxesFallIntoUpstreamsBins(JsonObject golden) {
    Pattern configuration = Pattern.compile(".+_p(\\d+)_m(\\d+)_b(\\d+)");
    golden
        .getAsJsonObject("refcoco")
        .asMap()
        .forEach(
            (name, boxes) -> {
              Matcher numbers = configuration.matcher(name);
              assertThat(numbers.matches()).as(name).isTrue();
              BoxBins bins =
                  new BoxBins(
                      Integer.parseInt(numbers.group(1)),
                      Integer.parseInt(numbers.group(2)),
                      Integer.parseInt(numbers.group(3)));
              boxes
                  .getAsJsonArray()
                  .forEach(box -> assertFalls(bins, golden, box.getAsJsonObject()));
            });
  }

  private static void assertFalls(BoxBins bins, JsonObject image, JsonObject golden) {
    Box box = box(golden, "box");
    ResizeRatios ratios =
        bins.ratios(image.get("width").getAsInt(), image.get("height").getAsInt());
    assertThat(ratios.width()).isCloseTo(golden.get("w_resize_ratio").getAsFloat(), within(1e-6f));
    assertThat(ratios.height()).isCloseTo(golden.get("h_resize_ratio").getAsFloat(), within(1e-6f));
    Box normalized = bins.normalized(box, ratios);
    Box expected = box(golden, "boxes_normalised");
    assertThat(normalized.x0()).isCloseTo(expected.x0(), within(1e-6f));
    assertThat(normalized.y0()).isCloseTo(expected.y0(), within(1e-6f));
    assertThat(normalized.x1()).isCloseTo(expected.x1(), within(1e-6f));
    assertThat(normalized.y1()).isCloseTo(expected.y1(), within(1e-6f));
    int[] expectedBins =
        golden.getAsJsonArray("bins").asList().stream().mapToInt(bin -> bin.getAsInt()).toArray();
    assertThat(bins.quantize(box, ratios)).containsExactly(expectedBins);
  }

  private static Box box(JsonObject golden, String key) {
    var edges = golden.getAsJsonArray(key);
    return Box.of(
        edges.get(0).getAsFloat(),
        edges.get(1).getAsFloat(),
        edges.get(2).getAsFloat(),
        edges.get(3).getAsFloat());
  }

  private static byte[] encoded(JsonObject golden) {
    return Golden.bytes("image/files/" + golden.get("file").getAsString());
  }

  private static byte[] pillowsPng(JsonObject golden) {
    return Golden.bytes("image/files/" + golden.get("decoded_rgb_png").getAsString());
  }

  private static Tensor tensor(String name) {
    return TENSORS.get(name);
  }

  private static Matcher parsed(String tensorName) {
    Matcher parts = TENSOR_NAME.matcher(tensorName);
    assertThat(parts.matches()).as(tensorName).isTrue();
    return parts;
  }

  private static JsonObject goldenOf(String tensorName) {
    return Golden.object("image/images.json")
        .getAsJsonObject("images")
        .getAsJsonObject(parsed(tensorName).group(1));
  }

  private static Normalization normalization(String tensorName) {
    return parsed(tensorName).group(3) == null ? Normalization.HALF : Normalization.IMAGENET;
  }

  private RgbImage resized(String tensorName, byte[] file) {
    int size = Integer.parseInt(parsed(tensorName).group(2));
    assertThat(tensor(tensorName).shape()).containsExactly(3, size, size);
    return BicubicResize.resize(decoder.decode(file), size, size);
  }

  /** Undoes the normalisation of a tensor: its 8-bit steps, as an image of the same size. */
  private static RgbImage steps(String tensorName, RgbImage sameSize) {
    float[] zeroAndOne =
        normalization(tensorName).apply(RgbImage.of(2, 1, new byte[] {0, 0, 0, -1, -1, -1}));
    double[] values = tensor(tensorName).values();
    int pixels = sameSize.width() * sameSize.height();
    byte[] rgb = new byte[3 * pixels];
    for (int i = 0; i < rgb.length; i++) {
      double zero = zeroAndOne[2 * (i / pixels)];
      double one = zeroAndOne[2 * (i / pixels) + 1];
      rgb[i % pixels * 3 + i / pixels] = (byte) Math.round((values[i] - zero) / (one - zero) * 255);
    }
    return RgbImage.of(sameSize.width(), sameSize.height(), rgb);
  }

  private static void assertWithinJpegSteps(RgbImage image, RgbImage expected) {
    byte[] actualBytes = image.toBytes();
    byte[] expectedBytes = expected.toBytes();
    assertThat(actualBytes).hasSameSizeAs(expectedBytes);
    int max = 0;
    double sum = 0;
    for (int i = 0; i < actualBytes.length; i++) {
      int steps = Math.abs((actualBytes[i] & 0xFF) - (expectedBytes[i] & 0xFF));
      max = Math.max(max, steps);
      sum += steps;
    }
    assertThat(max).isLessThanOrEqualTo(MAX_JPEG_STEPS);
    assertThat(sum / actualBytes.length).isLessThanOrEqualTo(MEAN_JPEG_STEPS);
  }

  private static String sha256(RgbImage image) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(image.toBytes()));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
