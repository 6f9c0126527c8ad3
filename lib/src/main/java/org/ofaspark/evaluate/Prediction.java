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
 * @param box for expressions, the region that the tokens stand for, in pixels of the image; empty
 *     if they are not four
 */
public record Prediction(String text, List<Integer> tokens, float score, Optional<Box> box) {

  /** Copies the tokens. */
  public Prediction {
    tokens = List.copyOf(tokens);
  }
}
