package org.ofaspark.model;

/** The schedule of drop-path rates over depth. */
final class DropPath {

  private DropPath() {}

  /**
   * Returns a layer's rate when rates grow evenly from 0 at the first layer to the full rate at the
   * last; a single layer has rate 0.
   */
  static double rate(double fullRate, int layer, int layers) {
    return layers == 1 ? 0 : fullRate * layer / (layers - 1);
  }
}
