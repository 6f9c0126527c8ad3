package org.ofaspark.image;

import org.ofaspark.config.Text;

/**
 * A decoded image: one byte each for red, green and blue, row after row from the top left.
 *
 * <p>Immutable; any number of threads may share one.
 */
public final class RgbImage {

  private final int width;
  private final int height;
  private final byte[] rgb;

  /** Takes the array over; the caller must not write to it again. */
  RgbImage(int width, int height, byte[] rgb) {
    this.width = width;
    this.height = height;
    this.rgb = rgb;
  }

  /**
   * Makes an image from its pixels.
   *
   * @param width in pixels, at least 1
   * @param height in pixels, at least 1
   * @param rgb red, green, blue of each pixel, shape (height, width, 3); copied
   */
  public static RgbImage of(int width, int height, byte[] rgb) {
    if (width < 1 || height < 1 || rgb.length != 3L * width * height) {
      throw new IllegalArgumentException(
          Text.format(
              "image: %d x %d pixels, %d bytes (expected: at least 1 x 1, three bytes a pixel)",
              width, height, rgb.length));
    }
    return new RgbImage(width, height, rgb.clone());
  }

  /** Returns the width in pixels. */
  public int width() {
    return width;
  }

  /** Returns the height in pixels. */
  public int height() {
    return height;
  }

  /** Returns a copy of the pixels: red, green, blue of each, shape (height, width, 3). */
  public byte[] toBytes() {
    return rgb.clone();
  }

  /** Returns the pixels themselves, which must not be written to. */
  byte[] rgb() {
    return rgb;
  }
}
