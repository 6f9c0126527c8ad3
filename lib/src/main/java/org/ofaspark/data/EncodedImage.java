package org.ofaspark.data;

/**
 * The bytes of an image file and the size of its pixels. The bytes are shared: do not change them.
 */
public final class EncodedImage {

  private final byte[] bytes;
  private final int width;
  private final int height;

  /**
   * Creates an image.
   *
   * @param bytes a PNG or JPEG file
   * @param width columns of pixels
   * @param height rows of pixels
   */
  public EncodedImage(byte[] bytes, int width, int height) {
    this.bytes = bytes;
    this.width = width;
    this.height = height;
  }

  /** Returns the file. */
  public byte[] bytes() {
    return bytes;
  }

  /** Returns the columns of pixels. */
  public int width() {
    return width;
  }

  /** Returns the rows of pixels. */
  public int height() {
    return height;
  }
}
