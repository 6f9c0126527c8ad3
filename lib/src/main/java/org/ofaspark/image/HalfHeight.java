package org.ofaspark.image;

/**
 * Components of a JPEG file that have full width and half the height of the image (4:4:0).
 *
 * <p>libjpeg-turbo, which Pillow bundles, smooths their rows; libjpeg 6b, which JDKs such as
 * Eclipse Temurin bundle, repeats each of them. So where the JDK repeats, this smooths.
 */
final class HalfHeight {

  private HalfHeight() {}

  /**
   * Puts smoothed rows in the place of repeated ones: three parts of the nearer row and one of the
   * next, as {@code h1v2_fancy_upsample} of libjpeg-turbo does.
   *
   * @param samples shape (height, width, components); row 2k and row 2k + 1 of the component are
   *     the same
   * @param width of the image, in pixels
   * @param components samples of a pixel
   * @param component which of them
   */
  static void smooth(byte[] samples, int width, int components, int component) {
    int row = width * components;
    int height = samples.length / row;
    byte[] above = new byte[width];
    for (int x = 0; x < width; x++) {
      above[x] = samples[x * components + component];
    }
    for (int y = 0; y < height; y += 2) {
      for (int x = 0; x < width; x++) {
        int at = y * row + x * components + component;
        int near = samples[at] & 0xFF;
        int below = y + 2 < height ? samples[at + 2 * row] & 0xFF : near;
        samples[at] = (byte) ((3 * near + (above[x] & 0xFF) + 1) >> 2);
        if (y + 1 < height) {
          samples[at + row] = (byte) ((3 * near + below + 2) >> 2);
        }
        above[x] = (byte) near;
      }
    }
  }
}
