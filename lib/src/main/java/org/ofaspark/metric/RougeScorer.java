package org.ofaspark.metric;

import java.util.List;

/**
 * ROUGE-L, the longest common subsequence of words.
 *
 * <p>With precision P = lcs / hypothesis words and recall R = lcs / reference words, each the best
 * over the references, the score is (1 + beta^2) P R / (R + beta^2 P) with beta = 1.2, as in the
 * COCO caption evaluation; the best P and the best R may come from different references. The score
 * of a set of images is their mean.
 *
 * @see <a href="https://aclanthology.org/W04-1013">Lin, ROUGE</a>
 */
final class RougeScorer {

  private static final double BETA_SQUARED = 1.2 * 1.2;

  private RougeScorer() {}

  /**
   * Scores one hypothesis.
   *
   * @param hypothesis fingerprints of the words as {@link CaptionWords#atBlanks} cuts them: at
   *     least one
   * @param references the words of each reference, cut alike
   * @return the score, from 0 to 1
   * @throws IllegalArgumentException if there is no reference, or no word in one of the captions
   */
  static double score(long[] hypothesis, List<long[]> references) {
    if (references.isEmpty()) {
      throw new IllegalArgumentException("references: none (expected: at least one)");
    }
    requireWords("hypothesis", hypothesis);
    double precision = 0;
    double recall = 0;
    for (long[] reference : references) {
      requireWords("reference", reference);
      int common = longestCommonSubsequence(reference, hypothesis);
      precision = Math.max(precision, common / (double) hypothesis.length);
      recall = Math.max(recall, common / (double) reference.length);
    }
    if (precision == 0 || recall == 0) {
      return 0;
    }
    return (1 + BETA_SQUARED) * precision * recall / (recall + BETA_SQUARED * precision);
  }

  private static void requireWords(String name, long[] words) {
    if (words.length == 0) {
      throw new IllegalArgumentException(
          name + ": no words (expected: at least one, empty for an empty caption)");
    }
  }

  private static int longestCommonSubsequence(long[] left, long[] right) {
    int[] lengths = new int[right.length + 1];
    for (long word : left) {
      int diagonal = 0;
      for (int j = 1; j < lengths.length; j++) {
        int above = lengths[j];
        lengths[j] = word == right[j - 1] ? diagonal + 1 : Math.max(above, lengths[j - 1]);
        diagonal = above;
      }
    }
    return lengths[right.length];
  }
}
