package org.ofaspark.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.ofaspark.image.EncodedImages.GRAY;
import static org.ofaspark.image.EncodedImages.INDEXED;
import static org.ofaspark.image.EncodedImages.RGB;
import static org.ofaspark.image.EncodedImages.chunk;
import static org.ofaspark.image.EncodedImages.concat;
import static org.ofaspark.image.EncodedImages.copy;
import static org.ofaspark.image.EncodedImages.deflated;
import static org.ofaspark.image.EncodedImages.header;
import static org.ofaspark.image.EncodedImages.jpeg;
import static org.ofaspark.image.EncodedImages.photo;
import static org.ofaspark.image.EncodedImages.png;
import static org.ofaspark.image.EncodedImages.rows;
import static org.ofaspark.image.EncodedImages.segment;
import static org.ofaspark.image.EncodedImages.signature;
import static org.ofaspark.image.EncodedImages.withSegment;

import com.google.gson.JsonElement;
import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.ofaspark.format.SmallHeap;
import org.ofaspark.golden.Golden;
import org.ofaspark.image.BadImageException.Reason;

/** Every bad file is refused with its reason, without much memory or time. */
class HostileImagesTest {

  private static final int SOF = 0xC0;
  private static final int DQT = 0xDB;
  private static final int SOS = 0xDA;

  /** Far below what the pixels would take; most of it is classes loaded on first use. */
  private static final long MAX_MEMORY = 16 << 20;

  private static final Duration MAX_TIME = Duration.ofSeconds(5);

  private final ImageDecoder decoder = new ImageDecoder(PhotoLimits.PHOTOS);

  private BadImageException refusal(byte[] file) {
    return assertTimeoutPreemptively(
        MAX_TIME,
        () -> {
          ThreadMXBean memory = (ThreadMXBean) ManagementFactory.getThreadMXBean();
          long before = memory.getCurrentThreadAllocatedBytes();
          BadImageException refusal =
              catchThrowableOfType(BadImageException.class, () -> decoder.decode(file));
          long used = memory.getCurrentThreadAllocatedBytes() - before;
          assertThat(used).isLessThan(MAX_MEMORY);
          assertThat(refusal).isNotNull();
          return refusal;
        });
  }

  private void assertRefused(byte[] file, Reason reason, String message) {
    BadImageException refusal = refusal(file);
    assertThat(refusal.reason()).as(refusal.getMessage()).isEqualTo(reason);
    assertThat(refusal).hasMessageStartingWith(message);
  }

  static Stream<String> files() {
    return Golden.object("image/images.json").getAsJsonObject("images").asMap().values().stream()
        .map(JsonElement::getAsJsonObject)
        .map(image -> image.get("file").getAsString());
  }

  @ParameterizedTest
  @MethodSource("files")
  void filesCutOffAnywhereAreTruncated(String name) {
    byte[] file = Golden.bytes("image/files/" + name);
    IntStream.concat(IntStream.range(1, 10).map(i -> file.length * i / 10), tail(file))
        .forEach(
            length -> {
              BadImageException refusal = refusal(copy(file, 0, length));
              assertThat(refusal.reason()).isEqualTo(Reason.TRUNCATED);
              assertThat(refusal).hasMessageContaining("ends after %d bytes", length);
            });
  }

  private static IntStream tail(byte[] file) {
    return IntStream.of(file.length - 12, file.length - 2, file.length - 1);
  }

  @Test
  void nothingAndNoiseAreNoImages() {
    assertRefused(new byte[0], Reason.NOT_AN_IMAGE, "image: 0 bytes that start like no image");
    byte[] noise = new byte[1000];
    new Random(3).nextBytes(noise);
    assertRefused(noise, Reason.NOT_AN_IMAGE, "image: 1000 bytes that start like no image");
    byte[] page = "<html>404</html>".getBytes(StandardCharsets.UTF_8);
    assertRefused(page, Reason.NOT_AN_IMAGE, "image: 16 bytes that start like no image");
  }

  @Test
  void otherFormatsAreNamedWhateverTheyAreCalled() {
    byte[] gif = EncodedImages.write("gif", photo(20, 20), false);
    assertRefused(gif, Reason.UNSUPPORTED_FORMAT, "image: GIF (expected: JPEG or PNG)");
    byte[] bmp = EncodedImages.write("bmp", photo(20, 20), false);
    assertRefused(bmp, Reason.UNSUPPORTED_FORMAT, "image: BMP (expected: JPEG or PNG)");
    byte[] tiff = EncodedImages.write("tiff", photo(20, 20), false);
    assertRefused(tiff, Reason.UNSUPPORTED_FORMAT, "image: TIFF (expected: JPEG or PNG)");
    byte[] webp = "RIFF\1\2\3\4WEBPVP8 ".getBytes(StandardCharsets.ISO_8859_1);
    assertRefused(webp, Reason.UNSUPPORTED_FORMAT, "image: WebP (expected: JPEG or PNG)");
  }

  @ParameterizedTest
  @CsvSource({
    "0000002066747970617669660000, AVIF",
    "00000018667479706865696300000000, HEIC",
    "000000186674797069736f6d00000000, a film or another ISO media file",
    "0000000c6a5020200d0a870a00000014, JPEG 2000",
    "ff4fff5100290000000000000000, JPEG 2000",
    "0000000c4a584c200d0a870a, JPEG XL",
    "ff0afa1f, JPEG XL"
  })
  void newerFormatsAreNamedToo(String start, String name) {
    assertRefused(
        HexFormat.of().parseHex(start),
        Reason.UNSUPPORTED_FORMAT,
        "image: " + name + " (expected: JPEG or PNG)");
  }

  @Test
  void filesThatLackAScanAreRefused() {
    byte[] file = EncodedImages.write("jpeg", photo(60, 50), true);
    List<Integer> scans = scans(file);
    assertThat(scans).hasSizeGreaterThan(8);
    for (int i = 0; i + 1 < scans.size(); i++) {
      byte[] without =
          concat(copy(file, 0, scans.get(i)), copy(file, scans.get(i + 1), file.length));
      assertRefused(without, Reason.CORRUPT, "JPEG: scans are missing (expected: ");
    }
    assertThat(decoder.decode(file).width()).isEqualTo(60);
  }

  /** Returns where each scan begins, and where the last one ends. */
  private static List<Integer> scans(byte[] jpeg) {
    List<Integer> scans = new ArrayList<>();
    for (int i = 0; i + 1 < jpeg.length; i++) {
      int marker = jpeg[i] == (byte) 0xFF ? jpeg[i + 1] & 0xFF : 0;
      if (marker == SOS || marker == 0xD9) {
        scans.add(i);
      }
    }
    return scans;
  }

  @Test
  void signaturesAloneDoNotMakeAnImage() {
    byte[] noise = new byte[1000];
    new Random(3).nextBytes(noise);
    byte[] start = {(byte) 0xFF, (byte) 0xD8, (byte) 0xFF};
    assertThat(refusal(concat(start, noise)).reason()).isIn(Reason.CORRUPT, Reason.TRUNCATED);
    assertThat(refusal(concat(signature(), noise)).reason()).isIn(Reason.CORRUPT, Reason.TRUNCATED);
  }

  @Test
  void hugeHeadersAreRefusedBeforeAnyPixel() {
    String pixels = " pixels (expected: at most 20000 a side and 50000000 in all)";
    assertRefused(
        headerOf(10_000, 10_000, 8, RGB), Reason.TOO_MANY_PIXELS, "image: 10000 x 10000" + pixels);
    assertRefused(
        headerOf(20_001, 1, 1, GRAY), Reason.TOO_MANY_PIXELS, "image: 20001 x 1" + pixels);
    assertRefused(
        headerOf(1, 20_001, 1, GRAY), Reason.TOO_MANY_PIXELS, "image: 1 x 20001" + pixels);
    assertRefused(
        headerOf(Integer.MAX_VALUE, Integer.MAX_VALUE, 16, RGB),
        Reason.TOO_MANY_PIXELS,
        "image: 2147483647 x 2147483647" + pixels);
    assertRefused(
        withSize(jpeg(7), 65_535, 1), Reason.TOO_MANY_PIXELS, "image: 65535 x 1" + pixels);
    assertRefused(
        withSize(jpeg(7), 10_000, 10_000), Reason.TOO_MANY_PIXELS, "image: 10000 x 10000" + pixels);
  }

  @Test
  void longestSideAllowedIsDecoded() {
    byte[] file = png(20_000, 1, 1, GRAY, new int[2500]);
    assertThat(decoder.decode(file).width()).isEqualTo(20_000);
  }

  @Test
  void longFilesAreRefusedUnread() {
    ImageDecoder strict = new ImageDecoder(new ImageLimits(100, 50, 10));
    assertThatThrownBy(() -> strict.decode(new byte[51]))
        .isInstanceOf(BadImageException.class)
        .hasMessage("image: 51 bytes (expected: at most 50)");
  }

  @Test
  void limitsOfNothingAreRefused() {
    assertThatThrownBy(() -> new ImageLimits(100, 0, 10))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "image limits: 100 pixels, 0 bytes, 10 a side"
                + " (expected: 1 to 536870911, at least 1, at least 1)");
  }

  @Test
  void jpegHeadersThatStateMoreThanTheFileHoldsAreCorrupt() {
    byte[] file = EncodedImages.write("jpeg", photo(64, 48), false);
    assertRefused(withSize(file, 7000, 7000), Reason.CORRUPT, "JPEG: ");
    assertRefused(
        withSize(file, 80, 60),
        Reason.CORRUPT,
        "image: Corrupt JPEG data: premature end of data segment (expected:");
  }

  @Test
  void pngHeadersThatStateMoreThanTheFileHoldsAreCorrupt() {
    byte[] samples = deflated(rows(50, new int[50 * 50]));
    assertRefused(
        concat(signature(), header(7000, 7000, 8, GRAY), chunk("IDAT", samples), chunk("IEND")),
        Reason.CORRUPT,
        "PNG: %d bytes of samples (expected: at least 47434 for 7000".formatted(samples.length));
    assertRefused(
        concat(signature(), header(50, 60, 8, GRAY), chunk("IDAT", samples), chunk("IEND")),
        Reason.CORRUPT,
        "image: ");
    assertRefused(
        concat(signature(), header(50, 50, 8, GRAY), chunk("IEND")),
        Reason.CORRUPT,
        "PNG: 0 bytes of samples");
  }

  @Test
  void damagedJpegFilesAreCorrupt() {
    byte[] file = EncodedImages.write("jpeg", photo(64, 48), false);
    int frame = segment(file, SOF);
    int scan = segment(file, SOS);
    assertRefused(
        withSize(file, 64, 0), Reason.CORRUPT, "JPEG: a frame header of 15 bytes, 64 x 0");
    assertRefused(
        withSegment(file, 0xC0, "\b\0\1\0\1\1\1\21\0"),
        Reason.CORRUPT,
        "JPEG: a second frame header (expected: one)");
    assertRefused(withSegment(file, 0x02, ""), Reason.CORRUPT, "JPEG: marker 0x02 (expected:");
    assertRefused(
        concat(copy(file, 0, 2), new byte[] {(byte) 0xFF, (byte) 0xE5, 0, 1}, copy(file, 2, 99)),
        Reason.CORRUPT,
        "JPEG: a segment of length 1 (expected: at least 2)");
    assertRefused(
        concat(copy(file, 0, scan), new byte[] {(byte) 0xFF, (byte) 0xD9}),
        Reason.CORRUPT,
        "JPEG: no frame header or no scan (expected: both before the end)");
    byte[] noTables = concat(copy(file, 0, segment(file, DQT)), copy(file, frame, file.length));
    assertRefused(noTables, Reason.CORRUPT, "image: Quantization table 0x00 was not defined");
    byte[] wrongCode = file.clone();
    for (int i = scan + 14; i < file.length - 2; i++) {
      wrongCode[i] = (byte) 0xFE;
    }
    assertRefused(wrongCode, Reason.CORRUPT, "image: Corrupt JPEG data: ");
    byte[] arithmetic = file.clone();
    arithmetic[frame + 1] = (byte) 0xC9;
    assertRefused(
        arithmetic, Reason.UNSUPPORTED_FORMAT, "JPEG: process 9, 8 bits, 3 components (expected:");
    byte[] deep = file.clone();
    deep[frame + 4] = 12;
    assertRefused(deep, Reason.UNSUPPORTED_FORMAT, "JPEG: process 0, 12 bits, 3 components");
  }

  @Test
  void scansWithoutEndAreRefused() {
    byte[] file = EncodedImages.write("jpeg", photo(64, 48), true);
    int scan = segment(file, SOS);
    byte[] again = copy(file, scan, file.length - 2);
    byte[] end = copy(file, file.length - 2, file.length);
    byte[] bomb = copy(file, 0, scan);
    for (int i = 0; i < 101; i++) {
      bomb = concat(bomb, again);
    }
    assertRefused(concat(bomb, end), Reason.CORRUPT, "JPEG: 101 scans (expected: at most 100)");
  }

  @Test
  void damagedPngFilesAreCorrupt() {
    byte[] samples = deflated(rows(1, 1, 2, 3));
    byte[] header = header(1, 1, 8, RGB);
    byte[] end = chunk("IEND");
    assertRefused(
        concat(signature(), chunk("IDAT", samples), header, end),
        Reason.CORRUPT,
        "PNG: first chunk of %d bytes (expected: IHDR of 13 bytes)".formatted(samples.length));
    byte[] wrongChecksum = concat(signature(), header, chunk("IDAT", samples), end);
    wrongChecksum[8 + 25 + 8]++;
    assertRefused(wrongChecksum, Reason.CORRUPT, "PNG: checksum ");
    assertRefused(
        concat(signature(), header(1, 1, 3, RGB), chunk("IDAT", samples), end),
        Reason.CORRUPT,
        "PNG: 1 x 1 pixels, colour type 2, 3 bits (expected:");
    assertRefused(headerOf(0, 1, 8, RGB), Reason.CORRUPT, "PNG: 0 x 1 pixels, colour type 2");
    assertRefused(headerOf(-5, 1, 8, RGB), Reason.CORRUPT, "PNG: -5 x 1 pixels, colour type 2");
    assertRefused(
        concat(signature(), header(1, 1, 8, INDEXED), chunk("IDAT", samples), end),
        Reason.CORRUPT,
        "PNG: palette of 0 bytes (expected: three bytes a colour)");
    assertRefused(
        concat(signature(), header, new byte[] {-1, -1, -1, -1, 'I', 'D', 'A', 'T'}, end),
        Reason.CORRUPT,
        "PNG: a chunk of 4294967295 bytes (expected: less than 2^31)");
    assertRefused(
        concat(
            signature(),
            header,
            chunk("IDAT", "not deflated".getBytes(StandardCharsets.UTF_8)),
            end),
        Reason.CORRUPT,
        "image: ");
  }

  @ParameterizedTest
  @MethodSource("files")
  void flippedBitsNeverDoWorseThanARefusal(String name) {
    byte[] file = Golden.bytes("image/files/" + name);
    Random random = new Random(file.length);
    ImageDecoder small = new ImageDecoder(new ImageLimits(1_000_000, 1 << 20, 20_000));
    int refused = 0;
    for (int i = 0; i < 300; i++) {
      byte[] flipped = file.clone();
      for (int flips = random.nextInt(1, 4); flips > 0; flips--) {
        flipped[random.nextInt(flipped.length)] ^= (byte) (1 << random.nextInt(8));
      }
      try {
        small.decode(flipped);
      } catch (BadImageException e) {
        refused++;
      }
    }
    assertThat(refused).isPositive();
  }

  private static byte[] headerOf(int width, int height, int depth, int colorType) {
    return concat(signature(), header(width, height, depth, colorType), chunk("IEND"));
  }

  /** Writes another size into the frame header of a JPEG file. */
  private static byte[] withSize(byte[] jpeg, int width, int height) {
    byte[] file = jpeg.clone();
    int frame = segment(file, SOF);
    file[frame + 5] = (byte) (height >> 8);
    file[frame + 6] = (byte) height;
    file[frame + 7] = (byte) (width >> 8);
    file[frame + 8] = (byte) width;
    return file;
  }

  @Test
  void imageThatDoesNotFitInTheHeapIsRefusedAndTheNextIsRead() throws Exception {
    SmallHeap.run(LargeImage.class, 64);
  }

  /** Reads an image of 128 MB of samples in a small heap. */
  static final class LargeImage {
    private static final int SIDE = 4_000;

    private LargeImage() {}

    public static void main(String[] args) throws IOException {
      var zeros = new ByteArrayOutputStream();
      try (var deflate = new DeflaterOutputStream(zeros)) {
        for (int row = 0; row < SIDE; row++) {
          deflate.write(new byte[1 + SIDE * 8]); // 16 bits of red, green, blue and alpha
        }
      }
      byte[] large =
          concat(
              signature(),
              header(SIDE, SIDE, 16, 6),
              chunk("IDAT", zeros.toByteArray()),
              chunk("IEND"));
      var decoder = new ImageDecoder(PhotoLimits.PHOTOS);
      BadImageException refusal =
          catchThrowableOfType(BadImageException.class, () -> decoder.verify(large));
      assertThat(refusal.reason()).as(refusal.getMessage()).isEqualTo(Reason.TOO_MANY_PIXELS);
      assertThat(refusal).hasMessageStartingWith("image: does not fit in a heap of 64 MiB");
      assertThat(decoder.verify(png(1, 1, 8, GRAY, 7)).width()).isEqualTo(1);
    }
  }
}
