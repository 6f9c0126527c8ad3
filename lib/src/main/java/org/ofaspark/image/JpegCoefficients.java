package org.ofaspark.image;

import java.util.Arrays;

/**
 * Which coefficients the scans of a JPEG file have given, and down to which bit. Where some are
 * missing, each version of libjpeg guesses them in its own way.
 */
final class JpegCoefficients {

  private static final int OF_BLOCK = 64;

  /** Above every bit that a scan can name. */
  private static final byte MISSING = 16;

  private final String components;
  private final byte[] lowestBits;

  /**
   * Starts with none.
   *
   * @param components the identifiers of the frame, each as one character
   */
  JpegCoefficients(String components) {
    this.components = components;
    this.lowestBits = new byte[OF_BLOCK * components.length()];
    Arrays.fill(lowestBits, MISSING);
  }

  /**
   * Notes what a scan gives for a component. What refines bits that have not come stays missing.
   *
   * @param component its identifier; one that the frame does not have is left to the decoder
   * @param first coefficient
   * @param last coefficient
   * @param before bit down to which they have come before; 0 if this scan is their first
   * @param lowestBit bit down to which they are given
   */
  void add(int component, int first, int last, int before, int lowestBit) {
    int block = OF_BLOCK * components.indexOf(component);
    for (int i = first; block >= 0 && i <= Math.min(last, OF_BLOCK - 1); i++) {
      if (before == 0 || lowestBits[block + i] == before) {
        lowestBits[block + i] = (byte) lowestBit;
      }
    }
  }

  /** Tells whether every coefficient of every component is there, to its last bit. */
  boolean areComplete() {
    for (int i = 0; i < lowestBits.length; i++) {
      boolean isSecondOfItsName =
          components.indexOf(components.charAt(i / OF_BLOCK)) < i / OF_BLOCK;
      if (lowestBits[i] != 0 && !isSecondOfItsName) {
        return false;
      }
    }
    return true;
  }
}
