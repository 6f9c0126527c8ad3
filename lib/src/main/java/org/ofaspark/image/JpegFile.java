package org.ofaspark.image;

import static org.ofaspark.image.BadImageException.Reason.CORRUPT;
import static org.ofaspark.image.BadImageException.Reason.TRUNCATED;
import static org.ofaspark.image.BadImageException.Reason.UNSUPPORTED_FORMAT;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;

/**
 * A JPEG file, taken apart so that only the segments that make samples reach the decoder.
 *
 * <p>Thumbnails, EXIF, comments and colour profiles are left out: the JDK's decoder would apply a
 * profile, which Pillow does not, and fails on a damaged one. What the segments say about colour is
 * read here, by libjpeg's rules.
 *
 * <p>Nothing is decoded unless the file reaches its end marker, holds at least one bit for each
 * block of 8 x 8 samples (the least that Huffman coding needs) and has a sensible number of scans.
 * So the size of the file bounds the work, whatever its header states.
 *
 * @see <a href="https://www.w3.org/Graphics/JPEG/itu-t81.pdf">ITU-T T.81, annex B</a>
 */
final class JpegFile {

  private static final int MAX_SCANS = 100; // a progressive encoder writes about ten

  private static final int SOF0 = 0xC0;
  private static final int SOF2 = 0xC2;
  private static final int SOF15 = 0xCF;
  private static final int DHT = 0xC4;
  private static final int JPG = 0xC8;
  private static final int DAC = 0xCC;
  private static final int RST0 = 0xD0;
  private static final int RST7 = 0xD7;
  private static final int EOI = 0xD9;
  private static final int SOS = 0xDA;
  private static final int DQT = 0xDB;
  private static final int DNL = 0xDC;
  private static final int DRI = 0xDD;
  private static final int APP0 = 0xE0;
  private static final int APP14 = 0xEE;
  private static final int APP15 = 0xEF;
  private static final int COM = 0xFE;

  private static final int NO_ADOBE_SEGMENT = -1;

  /**
   * What a frame header states.
   *
   * @param ids the identifiers of the components, each as one character
   * @param halfHeight the numbers of the components that have half the rows of the image
   * @param blocks number of blocks of 8 x 8 samples in all components
   */
  private record Frame(int width, int height, String ids, List<Integer> halfHeight, long blocks) {}

  private final byte[] file;
  private final ByteArrayOutputStream kept = new ByteArrayOutputStream();

  private int position = 2; // behind the segment read last
  private int marker; // of the segment read last
  private int start; // of its content, behind its length

  private @Nullable Frame frame;
  private @Nullable JpegCoefficients coefficients;
  private boolean progressive;
  private boolean jfif;
  private int adobeTransform = NO_ADOBE_SEGMENT;
  private int scans;
  private long scanBytes;

  private JpegFile(byte[] file) {
    this.file = file;
  }

  /** Tells whether bytes start like a JPEG file. */
  static boolean matches(byte[] file) {
    return file.length >= 3
        && file[0] == (byte) 0xFF
        && file[1] == (byte) 0xD8
        && file[2] == (byte) 0xFF;
  }

  /** Reads as far as the frame header. */
  static ImageHeader header(byte[] file) {
    JpegFile jpeg = new JpegFile(file);
    do {
      jpeg.nextSegment();
      jpeg.take();
    } while (jpeg.frame == null);
    return new ImageHeader(ImageFormat.JPEG, jpeg.frame.width(), jpeg.frame.height());
  }

  /** Reads the whole file. */
  static JpegFile read(byte[] file) {
    JpegFile jpeg = new JpegFile(file);
    jpeg.kept.write(file, 0, 2);
    do {
      jpeg.nextSegment();
      jpeg.take();
    } while (jpeg.marker != EOI);
    return jpeg;
  }

  /** Returns a JPEG file with the same samples and nothing else. */
  byte[] samplesOnly() {
    return kept.toByteArray();
  }

  /** Returns what the samples mean. */
  JpegColor color() {
    String ids = frame == null ? "" : frame.ids();
    if (ids.length() == 1) {
      return JpegColor.GRAY;
    }
    if (ids.length() == 4) {
      return adobeTransform > 0 ? JpegColor.YCCK : JpegColor.CMYK;
    }
    boolean rgb = adobeTransform == NO_ADOBE_SEGMENT ? ids.equals("RGB") : adobeTransform == 0;
    return rgb && !jfif ? JpegColor.RGB : JpegColor.YCBCR;
  }

  /** Returns the numbers of the components that have full width and half the rows, from 0. */
  List<Integer> halfHeight() {
    return frame == null ? List.of() : frame.halfHeight();
  }

  /** Finds the next marker, skipping what is none as libjpeg does, and the end of its segment. */
  private void nextSegment() {
    do {
      while (at(position) != 0xFF) {
        position++;
      }
      while (at(position) == 0xFF) {
        position++;
      }
      marker = at(position++);
    } while (marker == 0);
    start = position;
    if (marker == EOI || isRestart(marker)) {
      return;
    }
    int length = at(position) << 8 | at(position + 1);
    if (length < 2) {
      throw corrupt("a segment of length " + length, "at least 2");
    }
    start = position + 2;
    position += length;
    at(position - 1);
  }

  /** Keeps the segment read last, or what it says, or neither. */
  private void take() {
    switch (marker) {
      case DHT, DQT, DRI -> keepSegment();
      case SOS -> {
        keepSegment();
        noteCoefficients();
        keepScan();
      }
      case APP0 -> jfif |= scans == 0 && position - start >= 14 && startsWith("JFIF\0");
      case APP14 -> {
        if (scans == 0 && position - start >= 12 && startsWith("Adobe")) {
          adobeTransform = at(start + 11);
        }
      }
      case EOI -> {
        finish();
        keepSegment();
      }
      default -> {
        if (marker >= SOF0 && marker <= SOF15 && marker != JPG && marker != DAC) {
          readFrame();
          keepSegment();
        } else if (!isHarmless(marker)) {
          throw corrupt(Text.format("marker 0x%02X", marker), "one that has a meaning here");
        }
      }
    }
  }

  private static boolean isHarmless(int marker) {
    return (marker > APP0 && marker <= APP15)
        || marker == COM
        || marker == DNL
        || marker == DAC
        || isRestart(marker);
  }

  private static boolean isRestart(int marker) {
    return marker >= RST0 && marker <= RST7;
  }

  private void readFrame() {
    if (frame != null) {
      throw corrupt("a second frame header", "one");
    }
    int precision = at(start);
    int components = at(start + 5);
    boolean known = components == 1 || components == 3 || components == 4;
    if (marker > SOF2 || precision != 8 || !known) {
      throw new BadImageException(
          UNSUPPORTED_FORMAT,
          Text.format(
              "JPEG: process %d, %d bits, %d components"
                  + " (expected: process 0 to 2, 8 bits, 1, 3 or 4 components)",
              marker - SOF0, precision, components));
    }
    int height = at(start + 1) << 8 | at(start + 2);
    int width = at(start + 3) << 8 | at(start + 4);
    if (width == 0 || height == 0 || position - start != 6 + 3 * components) {
      throw corrupt(
          Text.format(
              "a frame header of %d bytes, %d x %d pixels", position - start, width, height),
          Text.format("%d bytes, at least 1 x 1", 6 + 3 * components));
    }
    StringBuilder ids = new StringBuilder();
    int maxAcross = 1;
    int maxDown = 1;
    for (int i = start + 6; i < position; i += 3) {
      ids.append((char) at(i));
      maxAcross = Math.max(maxAcross, at(i + 1) >> 4);
      maxDown = Math.max(maxDown, at(i + 1) & 15);
    }
    long blocks = 0;
    List<Integer> halfHeight = new ArrayList<>();
    for (int i = start + 6; i < position; i += 3) {
      if (at(i + 1) >> 4 == maxAcross && 2 * (at(i + 1) & 15) == maxDown) {
        halfHeight.add((i - start - 6) / 3);
      }
      long across = ((long) width * (at(i + 1) >> 4) / maxAcross + 7) / 8;
      long down = ((long) height * (at(i + 1) & 15) / maxDown + 7) / 8;
      blocks += across * down;
    }
    frame = new Frame(width, height, ids.toString(), List.copyOf(halfHeight), blocks);
    coefficients = new JpegCoefficients(frame.ids());
    progressive = marker == SOF2;
  }

  /** Notes what the scan whose header was read last will give. */
  private void noteCoefficients() {
    int components = at(start);
    int parameters = start + 1 + 2 * components;
    if (coefficients == null || parameters + 3 != position) {
      return; // which the decoder refuses
    }
    for (int i = start + 1; i < parameters; i += 2) {
      if (progressive) {
        int bits = at(parameters + 2);
        coefficients.add(at(i), at(parameters), at(parameters + 1), bits >> 4, bits & 15);
      } else {
        coefficients.add(at(i), 0, 63, 0, 0);
      }
    }
  }

  /** Keeps the entropy-coded bytes behind a scan header, up to a marker that is no restart. */
  private void keepScan() {
    int from = position;
    int next = at(position + 1);
    while (at(position) != 0xFF || next == 0 || next == 0xFF || isRestart(next)) {
      position++;
      next = at(position + 1);
    }
    kept.write(file, from, position - from);
    scans++;
    scanBytes += position - from;
    if (scans > MAX_SCANS) {
      throw corrupt(scans + " scans", "at most " + MAX_SCANS);
    }
  }

  private void finish() {
    if (frame == null || scans == 0) {
      throw corrupt("no frame header or no scan", "both before the end");
    }
    if (scanBytes * 8 < frame.blocks()) {
      throw corrupt(
          Text.format("%d bytes of samples", scanBytes),
          Text.format(
              "at least %d for %d x %d pixels",
              (frame.blocks() + 7) / 8, frame.width(), frame.height()));
    }
    if (coefficients == null || !coefficients.areComplete()) {
      throw corrupt("scans are missing", "all coefficients of each component, to their last bit");
    }
  }

  private void keepSegment() {
    int from = marker == EOI ? start : start - 2;
    kept.write(0xFF);
    kept.write(marker);
    kept.write(file, from, position - from);
  }

  private boolean startsWith(String text) {
    return new String(file, start, text.length(), StandardCharsets.ISO_8859_1).equals(text);
  }

  /** Returns a byte of the file, 0 to 255. */
  private int at(int index) {
    if (index >= file.length) {
      throw new BadImageException(
          TRUNCATED,
          Text.format("JPEG: ends after %d bytes (expected: an end marker)", file.length));
    }
    return file[index] & 0xFF;
  }

  private static BadImageException corrupt(String what, String expected) {
    return new BadImageException(CORRUPT, Text.format("JPEG: %s (expected: %s)", what, expected));
  }
}
