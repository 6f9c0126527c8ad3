package org.ofaspark.data;

import java.util.Arrays;
import java.util.List;

/**
 * An image and what the model is asked about it, in host memory. The pixels are shared: do not
 * change them.
 */
public final class Question {

  private final List<Integer> source;
  private final float[] pixels;
  private final int width;
  private final int height;

  /**
   * Creates a question.
   *
   * @param source tokens that the encoder reads, begin and end symbol included
   * @param pixels resized and normalized, row-major (3, size, size)
   * @param width columns of pixels of the image as it was
   * @param height rows of pixels of the image as it was
   */
  public Question(List<Integer> source, float[] pixels, int width, int height) {
    this.source = List.copyOf(source);
    this.pixels = pixels;
    this.width = width;
    this.height = height;
  }

  /** Returns the tokens that the encoder reads. */
  public List<Integer> source() {
    return source;
  }

  /** Returns the pixels, row-major (3, size, size). */
  public float[] pixels() {
    return pixels;
  }

  /** Returns the columns of pixels of the image as it was. */
  public int width() {
    return width;
  }

  /** Returns the rows of pixels of the image as it was. */
  public int height() {
    return height;
  }

  /** Returns a number that equal questions have in common; it decides what is drawn at random. */
  public long fingerprint() {
    return 31L * source.hashCode() + Arrays.hashCode(pixels);
  }
}
