package org.ofaspark.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Guesses the key that a user meant. */
final class NearestKey {

  private NearestKey() {}

  /**
   * Finds the known key that a mistaken one is likely to mean: a slip of the fingers, or the right
   * name in the wrong group.
   *
   * @param mistaken a key with its groups
   * @param known all keys there are
   */
  static Optional<String> of(String mistaken, Collection<String> known) {
    int limit = 1 + name(mistaken).length() / 3;
    return known.stream()
        .filter(key -> distance(mistaken, key) <= limit)
        .min(Comparator.comparingInt(key -> distance(mistaken, key)));
  }

  private static int distance(String mistaken, String key) {
    return Math.min(edits(mistaken, key), 1 + edits(name(mistaken), name(key)));
  }

  private static String name(String key) {
    return key.substring(key.lastIndexOf('.') + 1);
  }

  /** Counts the characters to insert, delete or replace (Levenshtein). */
  private static int edits(String from, String to) {
    int[] row = new int[to.length() + 1];
    for (int j = 0; j <= to.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        int replaced = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[to.length()];
  }
}
