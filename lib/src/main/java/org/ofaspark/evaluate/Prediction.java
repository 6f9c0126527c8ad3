package org.ofaspark.evaluate;

import java.util.List;
import java.util.Optional;
import org.ofaspark.image.Box;

/**
 * The best hypothesis for one example.
 *
 * @param text the tokens as text, cleaned as upstream cleans generated captions
 * @param tokens with the end symbol
 * @param score its score, see {@link org.ofaspark.generate.Hypothesis}
 * @param box for expressions, the region that upstream computes of the tokens, in pixels of the
 *     image; empty if they are not four
 * @param isBox whether the tokens are bins, and {@code box} one in the image; false for captions
 */
public record Prediction(
    String text, List<Integer> tokens, float score, Optional<Box> box, boolean isBox) {

  /** Copies the tokens. */
  public Prediction {
    tokens = List.copyOf(tokens);
  }

  /** Returns the box to show, empty if the model has not answered with one in the image. */
  public Optional<Box> boxInImage() {
    return box.filter(any -> isBox);
  }
}
