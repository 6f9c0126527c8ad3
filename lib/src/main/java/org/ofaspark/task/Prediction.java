package org.ofaspark.task;

import java.util.List;
import org.ofaspark.data.Fields;
import org.ofaspark.generate.Hypothesis;

/**
 * The best hypothesis for one example.
 *
 * @param text the tokens as text, cleaned as upstream cleans generated captions
 * @param tokens with the end symbol
 * @param score its score, see {@link Hypothesis}
 * @param own what the task makes of it
 */
public record Prediction(String text, List<Integer> tokens, float score, Fields own) {

  /** Copies the tokens. */
  public Prediction {
    tokens = List.copyOf(tokens);
  }

  /**
   * Returns the best of what a model has written.
   *
   * @param generated what it has written
   * @param own what the task makes of it
   */
  public static Prediction of(Generated generated, Fields own) {
    Hypothesis best = generated.best();
    return new Prediction(generated.text(), best.tokens(), best.score(), own);
  }
}
