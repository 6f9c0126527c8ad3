package org.ofaspark.generate;

import java.util.ArrayList;
import java.util.List;
import org.ofaspark.text.Dictionary;

/**
 * A continuation of a hypothesis by one token.
 *
 * @param from the hypothesis
 * @param token what comes next
 * @param score log-probability of all tokens
 */
record Candidate(Row from, int token, float score) {

  /** Tells whether this ends a hypothesis, and is allowed. */
  boolean isFinished() {
    return token == Dictionary.EOS && score > Float.NEGATIVE_INFINITY; // which NaN is not
  }

  /** Returns what has been found, if this ends it. */
  Hypothesis hypothesis(GenerateConfig config) {
    Row row = from.with(this, from.number());
    List<Float> positional = new ArrayList<>();
    float before = 0;
    for (float cumulative : row.scores()) {
      positional.add(cumulative - before);
      before = cumulative;
    }
    int length = row.scores().size();
    double divisor = config.unnormalized() ? 1 : Math.pow(length, config.lenpen());
    return new Hypothesis(row.tokens().subList(1, length + 1), score / (float) divisor, positional);
  }
}
