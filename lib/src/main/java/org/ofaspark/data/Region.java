package org.ofaspark.data;

import java.util.List;
import org.ofaspark.image.Box;
import org.ofaspark.image.ResizeRatios;

/**
 * The region that an expression refers to.
 *
 * @param box in pixels of the image
 * @param bins the same in location bins: left, top, right, bottom
 * @param ratios how much the image is stretched
 */
public record Region(Box box, List<Integer> bins, ResizeRatios ratios) {

  /** Copies the bins. */
  public Region {
    bins = List.copyOf(bins);
  }
}
