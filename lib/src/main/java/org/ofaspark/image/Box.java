package org.ofaspark.image;

import java.io.Serializable;
import org.ofaspark.config.Text;

/**
 * A box in an image, between two corners.
 *
 * <p>The constructor takes anything, for a model may predict anything; {@link #of} checks.
 *
 * @param x0 left edge
 * @param y0 upper edge
 * @param x1 right edge
 * @param y1 lower edge
 */
public record Box(float x0, float y0, float x1, float y1) implements Serializable {

  /**
   * Makes a box whose edges are finite and in order.
   *
   * @throws IllegalArgumentException if they are not
   */
  public static Box of(float x0, float y0, float x1, float y1) {
    Box box = new Box(x0, y0, x1, y1);
    boolean finite =
        Float.isFinite(x0) && Float.isFinite(y0) && Float.isFinite(x1) && Float.isFinite(y1);
    if (!finite || x0 > x1 || y0 > y1) {
      throw new IllegalArgumentException(
          Text.format(
              "box: %s,%s,%s,%s (expected: finite, left before right, top before bottom)",
              x0, y0, x1, y1));
    }
    return box;
  }
}
