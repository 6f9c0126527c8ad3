package org.ofaspark.generate;

import java.util.List;

/**
 * One sentence that beam search found.
 *
 * @param tokens its tokens with the end symbol, without the begin symbol
 * @param score sum of its tokens' log-probabilities, divided by its length to the power of lenpen
 * @param positionalScores log-probability of each token, in the order of {@code tokens}
 */
public record Hypothesis(List<Integer> tokens, float score, List<Float> positionalScores) {

  /** Copies both lists. */
  public Hypothesis {
    tokens = List.copyOf(tokens);
    positionalScores = List.copyOf(positionalScores);
  }
}
