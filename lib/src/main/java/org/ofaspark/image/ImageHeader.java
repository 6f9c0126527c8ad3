package org.ofaspark.image;

import static org.ofaspark.image.BadImageException.Reason.NOT_AN_IMAGE;
import static org.ofaspark.image.BadImageException.Reason.UNSUPPORTED_FORMAT;

import java.nio.charset.StandardCharsets;
import org.ofaspark.config.Text;

/**
 * What the first bytes of an image say about it; nothing is decoded to learn it.
 *
 * @param format the format that the bytes have, whatever a file name claims
 * @param width in pixels, at least 1
 * @param height in pixels, at least 1; a rotation noted in EXIF is not applied
 */
public record ImageHeader(ImageFormat format, int width, int height) {

  /**
   * Reads the header of an encoded image.
   *
   * @param file the whole file
   * @throws BadImageException if it is not an image, not of a format decoded here, or its header is
   *     cut off or wrong
   */
  public static ImageHeader read(byte[] file) {
    if (JpegFile.matches(file)) {
      return JpegFile.header(file);
    }
    if (PngFile.matches(file)) {
      return PngFile.header(file);
    }
    String foreign =
        foreignFormat(new String(file, 0, Math.min(12, file.length), StandardCharsets.ISO_8859_1));
    if (!foreign.isEmpty()) {
      throw new BadImageException(
          UNSUPPORTED_FORMAT, Text.format("image: %s (expected: JPEG or PNG)", foreign));
    }
    throw new BadImageException(
        NOT_AN_IMAGE,
        Text.format(
            "image: %d bytes that start like no image (expected: JPEG or PNG)", file.length));
  }

  private static String foreignFormat(String start) {
    if (start.startsWith("GIF8")) {
      return "GIF";
    }
    if (start.startsWith("RIFF") && start.startsWith("WEBP", 8)) {
      return "WebP";
    }
    if (start.startsWith("BM") && start.startsWith("\0\0\0\0", 6)) {
      return "BMP";
    }
    if (start.startsWith("II*\0") || start.startsWith("MM\0*")) {
      return "TIFF";
    }
    if (start.startsWith("\0\0\0\fjP  ") || start.startsWith("\u00FFO\u00FFQ")) {
      return "JPEG 2000";
    }
    if (start.startsWith("\0\0\0\fJXL ") || start.startsWith("\u00FF\n")) {
      return "JPEG XL";
    }
    return start.startsWith("ftyp", 4) ? mediaBrand(start.substring(8)) : "";
  }

  /** Names what an ISO base media file holds. */
  private static String mediaBrand(String brand) {
    return switch (brand) {
      case "avif", "avis" -> "AVIF";
      case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1" -> "HEIC";
      default -> "a film or another ISO media file";
    };
  }
}
