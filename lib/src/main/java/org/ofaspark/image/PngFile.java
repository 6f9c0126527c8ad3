package org.ofaspark.image;

import static org.ofaspark.image.BadImageException.Reason.CORRUPT;
import static org.ofaspark.image.BadImageException.Reason.TRUNCATED;

import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32;
import org.ofaspark.config.Text;

/**
 * A PNG file, taken apart so that only its header, palette and samples reach the decoder.
 *
 * <p>Texts, profiles, gamma and transparency are left out: Pillow uses none of them for red, green
 * and blue, and texts can unfold to any size.
 *
 * <p>Nothing is decoded unless the file reaches its end chunk, the checksums of the chunks used are
 * right, and the samples can unfold to the size that the header states. So the size of the file
 * bounds the work.
 *
 * @see <a href="https://www.w3.org/TR/png-3/">Portable Network Graphics Specification</a>
 */
final class PngFile {

  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

  /** The most bytes that deflate unfolds from one: 258 from two bits, and a little. */
  private static final int MAX_INFLATION = 1033;

  private static final int IHDR = 0x49484452;
  private static final int PLTE = 0x504C5445;
  private static final int IDAT = 0x49444154;
  private static final int IEND = 0x49454E44;

  private static final int GRAY = 0;
  private static final int RGB = 2;
  private static final int INDEXED = 3;
  private static final int GRAY_ALPHA = 4;
  private static final int RGB_ALPHA = 6;

  private final byte[] bytes;
  private final ByteBuffer file;
  private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
  private final ImageHeader header;
  private final int depth;
  private final int colorType;

  private int start; // of the content of the chunk read last
  private int length; // of the content of the chunk read last
  private byte[] palette = {};
  private long sampleBytes;

  private PngFile(byte[] bytes) {
    this.bytes = bytes;
    file = ByteBuffer.wrap(bytes).position(SIGNATURE.length);
    kept.writeBytes(SIGNATURE);
    if (nextChunk() != IHDR || length != 13) {
      throw corrupt(Text.format("first chunk of %d bytes", length), "IHDR of 13 bytes");
    }
    keepChunk();
    int width = file.getInt(start);
    int height = file.getInt(start + 4);
    depth = bytes[start + 8];
    colorType = bytes[start + 9];
    int methods = bytes[start + 10] | bytes[start + 11] | (bytes[start + 12] & ~1);
    if (width < 1 || height < 1 || !isDefined(colorType, depth) || methods != 0) {
      throw corrupt(
          Text.format("%d x %d pixels, colour type %d, %d bits", width, height, colorType, depth),
          "at least 1 x 1, of a kind that the specification defines");
    }
    header = new ImageHeader(ImageFormat.PNG, width, height);
  }

  private static boolean isDefined(int colorType, int depth) {
    return switch (colorType) {
      case GRAY -> depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
      case INDEXED -> depth == 1 || depth == 2 || depth == 4 || depth == 8;
      case RGB, GRAY_ALPHA, RGB_ALPHA -> depth == 8 || depth == 16;
      default -> false;
    };
  }

  /** Tells whether bytes start like a PNG file. */
  static boolean matches(byte[] file) {
    return file.length >= SIGNATURE.length
        && Arrays.equals(file, 0, SIGNATURE.length, SIGNATURE, 0, SIGNATURE.length);
  }

  /** Reads the header chunk. */
  static ImageHeader header(byte[] file) {
    return new PngFile(file).header;
  }

  /** Reads the whole file. */
  static PngFile read(byte[] file) {
    PngFile png = new PngFile(file);
    for (int type = png.nextChunk(); type != IEND; type = png.nextChunk()) {
      png.take(type);
    }
    png.finish();
    return png;
  }

  /** Returns a PNG file with the same samples and nothing else. */
  byte[] samplesOnly() {
    return kept.toByteArray();
  }

  /** Moves behind the next chunk and returns its type. */
  private int nextChunk() {
    if (file.remaining() < 12) {
      throw truncated();
    }
    length = file.getInt();
    int type = file.getInt();
    start = file.position();
    if (length < 0) {
      throw corrupt(Text.format("a chunk of %d bytes", length & 0xFFFFFFFFL), "less than 2^31");
    }
    if (length > file.remaining() - 4) {
      throw truncated();
    }
    file.position(start + length + 4);
    return type;
  }

  private void take(int type) {
    if (type == PLTE && colorType == INDEXED) {
      keepChunk();
      palette = Arrays.copyOfRange(bytes, start, start + length);
    } else if (type == IDAT) {
      keepChunk();
      sampleBytes += length;
    }
  }

  private void keepChunk() {
    CRC32 checksum = new CRC32();
    checksum.update(bytes, start - 4, length + 4);
    if ((int) checksum.getValue() != file.getInt(start + length)) {
      throw corrupt(
          Text.format("checksum %08x", file.getInt(start + length)),
          Text.format("%08x", checksum.getValue()));
    }
    kept.write(bytes, start - 8, length + 12);
  }

  private void finish() {
    kept.write(bytes, start - 8, length + 12);
    if (colorType == INDEXED && (palette.length == 0 || palette.length % 3 != 0)) {
      throw corrupt(Text.format("palette of %d bytes", palette.length), "three bytes a colour");
    }
    long bits = (long) header.width() * header.height() * channels() * depth;
    if (sampleBytes * MAX_INFLATION < bits / 8) {
      throw corrupt(
          Text.format("%d bytes of samples", sampleBytes),
          Text.format(
              "at least %d for %d x %d pixels",
              bits / 8 / MAX_INFLATION, header.width(), header.height()));
    }
  }

  private int channels() {
    return switch (colorType) {
      case GRAY_ALPHA -> 2;
      case RGB -> 3;
      case RGB_ALPHA -> 4;
      default -> 1;
    };
  }

  /**
   * Converts samples as Pillow 10 and later do: an index beyond the palette is black, alpha is
   * dropped, the low byte of 16-bit colour too; 16-bit gray is clipped at 255.
   *
   * @param samples as the decoder gives them for {@link #samplesOnly()}
   * @return shape (pixels, 3)
   */
  byte[] toRgb(Raster samples) {
    int width = header.width();
    int channels = channels();
    int step = colorType == RGB || colorType == RGB_ALPHA ? 1 : 0;
    byte[][] levels = levels();
    byte[] rgb = new byte[3 * width * header.height()];
    int[] row = new int[width * channels];
    int next = 0;
    for (int y = 0; y < header.height(); y++) {
      samples.getPixels(0, y, width, 1, row);
      for (int x = 0; x < width; x++) {
        for (int c = 0; c < 3; c++) {
          rgb[next++] = levels[c][row[x * channels + c * step]];
        }
      }
    }
    return rgb;
  }

  /** Returns what each value of a sample means for red, for green and for blue. */
  private byte[][] levels() {
    int max = (1 << depth) - 1;
    byte[][] levels = new byte[3][max + 1];
    for (int value = 0; value <= max; value++) {
      for (int c = 0; c < 3; c++) {
        levels[c][value] = (byte) level(value, c, max);
      }
    }
    return levels;
  }

  private int level(int value, int c, int max) {
    if (colorType == INDEXED) {
      return 3 * value < palette.length ? palette[3 * value + c] : 0;
    }
    if (depth == 16) {
      return colorType == GRAY ? Math.min(value, 255) : value >> 8;
    }
    return value * (255 / max);
  }

  private BadImageException truncated() {
    return new BadImageException(
        TRUNCATED, Text.format("PNG: ends after %d bytes (expected: an end chunk)", bytes.length));
  }

  private static BadImageException corrupt(String what, String expected) {
    return new BadImageException(CORRUPT, Text.format("PNG: %s (expected: %s)", what, expected));
  }
}
