package org.ofaspark.task;

import java.util.List;
import org.ofaspark.data.Fields;

/**
 * The best hypothesis for one example.
 *
 * @param text the tokens as text, cleaned as upstream cleans generated captions
 * @param tokens with the end symbol
 * @param score its score, see {@link org.ofaspark.generate.Hypothesis}
 * @param own what the task makes of it
 */
public record Prediction(String text, List<Integer> tokens, float score, Fields own) {

  /** Copies the tokens. */
  public Prediction {
    tokens = List.copyOf(tokens);
  }
}
