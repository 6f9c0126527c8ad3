package org.ofaspark.generate;

import java.util.ArrayList;
import java.util.List;
import org.ofaspark.text.Dictionary;

/**
 * A hypothesis in progress.
 *
 * @param number its place in the batch
 * @param tokens with the begin symbol
 * @param scores log-probability of the tokens up to each, without the begin symbol
 */
record Row(int number, List<Integer> tokens, List<Float> scores) {

  static Row first(int number) {
    return new Row(number, List.of(Dictionary.BOS), List.of());
  }

  float score() {
    return scores.isEmpty() ? 0 : scores.get(scores.size() - 1);
  }

  int newest() {
    return tokens.get(tokens.size() - 1);
  }

  /** Tells whether the end symbol has come; only sampling goes on with such a row. */
  boolean isOver() {
    return newest() == Dictionary.EOS;
  }

  /** Returns this hypothesis with one more token, at another place in the batch. */
  Row with(Candidate next, int place) {
    return new Row(place, append(tokens, next.token()), append(scores, next.score()));
  }

  private static <T> List<T> append(List<T> list, T last) {
    List<T> longer = new ArrayList<>(list);
    longer.add(last);
    return longer;
  }
}
