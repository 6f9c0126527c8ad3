package org.ofaspark.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ofaspark.image.EncodedImages.GRAY;
import static org.ofaspark.image.EncodedImages.GRAY_ALPHA;
import static org.ofaspark.image.EncodedImages.INDEXED;
import static org.ofaspark.image.EncodedImages.RGB;
import static org.ofaspark.image.EncodedImages.RGB_ALPHA;
import static org.ofaspark.image.EncodedImages.chunk;
import static org.ofaspark.image.EncodedImages.concat;
import static org.ofaspark.image.EncodedImages.deflated;
import static org.ofaspark.image.EncodedImages.header;
import static org.ofaspark.image.EncodedImages.jpeg;
import static org.ofaspark.image.EncodedImages.png;
import static org.ofaspark.image.EncodedImages.rows;
import static org.ofaspark.image.EncodedImages.signature;
import static org.ofaspark.image.EncodedImages.withSegment;

import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.ofaspark.config.Sha256;

class ImageDecoderTest {

  private static final int JFIF = 0xE0;
  private static final int ICC = 0xE2;
  private static final int ADOBE = 0xEE;
  private static final String JFIF_CONTENT = "JFIF\0\1\2\0\0\1\0\1\0\0";

  private final ImageDecoder decoder = new ImageDecoder(PhotoLimits.PHOTOS);

  private static String adobe(int transform) {
    return "Adobe\0d\0\0\0\0" + (char) transform;
  }

  private void assertPixels(byte[] file, int... rgb) {
    byte[] pixels = decoder.decode(file).toBytes();
    int[] actual = new int[rgb.length];
    for (int i = 0; i < rgb.length; i++) {
      actual[i] = pixels[i] & 0xFF;
    }
    assertThat(actual).containsExactly(rgb);
  }

  @Test
  void graysOfFewBitsSpanBlackToWhite() {
    assertPixels(png(2, 1, 1, GRAY, 0b01000000), 0, 0, 0, 255, 255, 255);
    assertPixels(png(4, 1, 2, GRAY, 0b00011011), 0, 0, 0, 85, 85, 85, 170, 170, 170, 255, 255, 255);
    assertPixels(png(2, 1, 4, GRAY, 0x1F), 17, 17, 17, 255, 255, 255);
    assertPixels(png(2, 1, 8, GRAY, 7, 200), 7, 7, 7, 200, 200, 200);
  }

  @Test
  void sixteenBitColoursLoseTheirLowByte() {
    assertPixels(png(1, 1, 16, RGB, 10, 255, 20, 128, 30, 0), 10, 20, 30);
    assertPixels(png(1, 1, 16, RGB_ALPHA, 10, 255, 20, 128, 30, 0, 0, 0), 10, 20, 30);
    assertPixels(png(1, 1, 16, GRAY_ALPHA, 10, 255, 0, 0), 10, 10, 10);
  }

  @Test
  void sixteenBitGrayIsClippedAsPillowDoes() {
    assertPixels(
        png(3, 1, 16, GRAY, 0, 99, 1, 0, 255, 255), 99, 99, 99, 255, 255, 255, 255, 255, 255);
  }

  @Test
  void alphaIsDroppedWithoutBlending() {
    assertPixels(png(2, 1, 8, RGB_ALPHA, 1, 2, 3, 0, 4, 5, 6, 255), 1, 2, 3, 4, 5, 6);
    assertPixels(png(1, 1, 8, GRAY_ALPHA, 9, 0), 9, 9, 9);
  }

  @Test
  void paletteIndicesBeyondThePaletteAreBlackAsInPillow() {
    byte[] file =
        concat(
            signature(),
            header(4, 1, 4, INDEXED),
            chunk("PLTE", (byte) 200, (byte) 100, (byte) 50, (byte) 1, (byte) 2, (byte) 3),
            chunk("tRNS", (byte) 0),
            chunk("IDAT", deflated(rows(1, 0x01, 0x5F))),
            chunk("IEND"));
    assertPixels(file, 200, 100, 50, 1, 2, 3, 0, 0, 0, 0, 0, 0);
  }

  @Test
  void whatDoesNotMakeSamplesIsNotEvenRead() {
    byte[] file =
        concat(
            signature(),
            header(1, 1, 8, RGB),
            chunk("gAMA", (byte) 0, (byte) 0, (byte) 0, (byte) 1),
            chunk("iCCP", (byte) 'x'),
            chunk("tRNS", (byte) 0, (byte) 1, (byte) 0, (byte) 2, (byte) 0, (byte) 3),
            chunk("zTXt", (byte) 1),
            chunk("IDAT", deflated(rows(1, 1, 2, 3))),
            chunk("IEND"));
    assertPixels(file, 1, 2, 3);
    assertPixels(withSegment(jpeg(90), ICC, "ICC_PROFILE\0\1\1 no profile"), 90, 90, 90);
  }

  @Test
  void colourProfilesAreNotApplied() {
    byte[] profile = ICC_Profile.getInstance(ColorSpace.CS_LINEAR_RGB).getData();
    String content = "ICC_PROFILE\0\1\1" + new String(profile, StandardCharsets.ISO_8859_1);
    byte[] file = withSegment(jpeg(120, 90, 200), ICC, content);
    assertPixels(withSegment(file, JFIF, JFIF_CONTENT), 221, 82, 53);
  }

  @Test
  void samplesMayBeSpreadOverChunks() {
    byte[] samples = deflated(rows(1, 1, 2, 3));
    byte[] file =
        concat(
            signature(),
            header(1, 1, 8, RGB),
            chunk("IDAT"),
            chunk("IDAT", EncodedImages.copy(samples, 0, 5)),
            chunk("IDAT", EncodedImages.copy(samples, 5, samples.length)),
            chunk("IEND"));
    assertPixels(file, 1, 2, 3);
  }

  @Test
  void interlacedFilesGiveTheSamePixels() {
    BufferedImage image = EncodedImages.photo(37, 23);
    byte[] plain = EncodedImages.write("png", image, false);
    byte[] interlaced = EncodedImages.write("png", image, true);
    assertThat(interlaced).isNotEqualTo(plain);
    assertThat(decoder.decode(interlaced).toBytes()).isEqualTo(decoder.decode(plain).toBytes());
  }

  @Test
  void progressiveFilesGiveTheSamePixels() {
    BufferedImage image = EncodedImages.photo(37, 23);
    byte[] plain = EncodedImages.write("jpeg", image, false);
    byte[] progressive = EncodedImages.write("jpeg", image, true);
    assertThat(progressive).isNotEqualTo(plain);
    assertThat(decoder.decode(progressive).toBytes()).isEqualTo(decoder.decode(plain).toBytes());
  }

  @Test
  void threeComponentsAreLuminanceAndDifferencesUnlessToldOtherwise() {
    byte[] bare = jpeg(120, 90, 200);
    // 120 + 1.402 * 72, 120 + 0.34414 * 38 - 0.71414 * 72, 120 - 1.772 * 38
    assertPixels(bare, 221, 82, 53);
    assertPixels(withSegment(bare, ADOBE, adobe(1)), 221, 82, 53);
    assertPixels(withSegment(bare, ADOBE, adobe(0)), 120, 90, 200);
    byte[] both = withSegment(withSegment(bare, ADOBE, adobe(0)), JFIF, JFIF_CONTENT);
    assertPixels(both, 221, 82, 53);
  }

  /** 15 x 29 pixels of noise; Pillow 12.3 gives the same hash. */
  @Test
  void componentsOfHalfTheHeightAreSmoothedAsInPillow() {
    byte[] file =
        Base64.getDecoder()
            .decode(
                "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwz"
                    + "Oko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09P"
                    + "T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wAARCAAdAA8DARIA"
                    + "AhEBAxEB/8QAFwAAAwEAAAAAAAAAAAAAAAAAAQMEBf/EACQQAAICAgEDBAMAAAAAAAAAAAECAwQA"
                    + "BRETIUESIjEyYXGB/8QAGAEAAgMAAAAAAAAAAAAAAAAAAwQBAgX/xAAhEQACAgIBBAMAAAAAAAAA"
                    + "AAABAgMRAASxEiExkRMyQv/aAAwDAQACEQMRAD8ANXX6aHXu1O31Iwe5x6bqpFVNWSQBTxwf1llS"
                    + "J2NnxXOGn1/kVCv54zH0VONn6S8LXP2Bx9nTI8zsOGVT7eMQjnVGax4Av3krDNqbSq5tSKOOr0Q9"
                    + "RoUcqx+CMr1gFQPHcbhfBPnNDQYTBxXeh6vFJNiRFeJ/u57ZRTCraCgf3JJW608yTD1gHt+MMahk"
                    + "JjFUBziMXXLsJJIbIGf/2Q==");
    assertThat(Sha256.of(decoder.decode(file).toBytes()))
        .isEqualTo("c353ce200166d1026491414e5cc6ffe97b5facca5601f1e8d3b8f997ee2beb2a");
  }

  @Test
  void repeatedRowsBecomeThreePartsOfTheNearerAndOneOfTheNext() {
    byte[] samples = {9, 10, 9, 20, 9, 10, 9, 20, 9, 50, 9, 18, 9, 50, 9, 18, 9, 90, 9, 0};
    HalfHeight.smooth(samples, 2, 2, 1);
    assertThat(samples)
        .containsExactly(9, 10, 9, 20, 9, 20, 9, 20, 9, 40, 9, 18, 9, 60, 9, 14, 9, 80, 9, 4);
  }

  @Test
  void componentsNamedRgbAreRedGreenAndBlue() {
    byte[] named = jpeg(120, 90, 200);
    int frame = EncodedImages.segment(named, 0xC0);
    int scan = EncodedImages.segment(named, 0xDA);
    for (int i = 0; i < 3; i++) {
      named[frame + 10 + 3 * i] = (byte) "RGB".charAt(i);
      named[scan + 5 + 2 * i] = (byte) "RGB".charAt(i);
    }
    assertPixels(named, 120, 90, 200);
    assertPixels(withSegment(named, JFIF, JFIF_CONTENT), 221, 82, 53);
  }

  @Test
  void fourComponentsAreInvertedInks() {
    byte[] bare = jpeg(200, 100, 50, 180);
    // what black leaves, 180, less the share of it that an ink of 255 - 200 takes, and so on
    assertPixels(bare, 141, 71, 35);
    assertPixels(withSegment(bare, ADOBE, adobe(0)), 141, 71, 35);
    byte[] luminance = withSegment(jpeg(120, 90, 200, 180), ADOBE, adobe(2));
    // inks 221, 82, 53 from luminance and differences: 180 - 156, 180 - 58, 180 - 37
    assertPixels(luminance, 24, 122, 143);
  }

  @Test
  void oneComponentIsGray() {
    assertPixels(jpeg(77), 77, 77, 77);
  }

  @Test
  void bytesBehindTheEndAreIgnored() {
    byte[] tail = "and then some".getBytes(StandardCharsets.UTF_8);
    assertPixels(concat(jpeg(77), tail), 77, 77, 77);
    assertPixels(concat(png(1, 1, 8, RGB, 1, 2, 3), tail), 1, 2, 3);
  }

  @Test
  void garbageBetweenSegmentsIsIgnored() {
    byte[] file = jpeg(77);
    int frame = EncodedImages.segment(file, 0xC0);
    byte[] spaced =
        concat(
            EncodedImages.copy(file, 0, frame),
            new byte[] {1, 2, 3, (byte) 0xFF, 0, (byte) 0xFF},
            EncodedImages.copy(file, frame, file.length));
    assertPixels(spaced, 77, 77, 77);
  }

  @Test
  void headerIsReadWithoutTheRest() {
    byte[] file = EncodedImages.write("jpeg", EncodedImages.photo(37, 23), false);
    byte[] start = EncodedImages.copy(file, 0, EncodedImages.segment(file, 0xDA));
    assertThat(decoder.header(start)).isEqualTo(new ImageHeader(ImageFormat.JPEG, 37, 23));
    byte[] png = concat(signature(), header(5, 6, 8, RGB));
    assertThat(decoder.header(png)).isEqualTo(new ImageHeader(ImageFormat.PNG, 5, 6));
  }

  @Test
  void manyThreadsMayDecodeAtOnce() throws InterruptedException, ExecutionException {
    List<byte[]> files =
        List.of(
            EncodedImages.write("jpeg", EncodedImages.photo(80, 60), false),
            EncodedImages.write("jpeg", EncodedImages.photo(60, 80), true),
            EncodedImages.write("png", EncodedImages.photo(50, 50), true));
    List<byte[]> alone = files.stream().map(file -> decoder.decode(file).toBytes()).toList();
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try {
      List<Future<byte[]>> together = new ArrayList<>();
      for (int i = 0; i < 240; i++) {
        byte[] file = files.get(i % files.size());
        together.add(threads.submit(() -> decoder.decode(file).toBytes()));
      }
      for (int i = 0; i < together.size(); i++) {
        assertThat(together.get(i).get()).isEqualTo(alone.get(i % files.size()));
      }
    } finally {
      threads.shutdownNow();
    }
  }
}
