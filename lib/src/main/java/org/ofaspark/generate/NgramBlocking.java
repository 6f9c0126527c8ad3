package org.ofaspark.generate;

import java.util.ArrayList;
import java.util.List;

/** The rule that no n-gram occurs twice in a hypothesis. */
final class NgramBlocking {

  private NgramBlocking() {}

  /**
   * Returns the tokens that would complete an n-gram that the hypothesis already holds.
   *
   * @param tokens the hypothesis so far, with the begin symbol, which counts as a token
   * @param size n; 0 is no rule, 1 forbids every token of the hypothesis
   */
  static List<Integer> banned(List<Integer> tokens, int size) {
    List<Integer> banned = new ArrayList<>();
    int length = tokens.size();
    if (size == 0 || length < size - 1) {
      return banned;
    }
    List<Integer> ending = tokens.subList(length - size + 1, length);
    for (int end = size; end <= length; end++) {
      if (tokens.subList(end - size, end - 1).equals(ending)) {
        banned.add(tokens.get(end - 1));
      }
    }
    return banned;
  }
}
