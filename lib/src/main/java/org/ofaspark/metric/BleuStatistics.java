package org.ofaspark.metric;

import java.io.Serializable;
import java.util.List;

/**
 * What BLEU needs to know of hypotheses and their references, as a statistic that merges.
 *
 * <p>BLEU of order N is the geometric mean, over n = 1 to N, of the share of hypothesis n-grams
 * that a reference holds, each counted at most as often as in the reference that has it most often,
 * times exp(1 - r / c) where the length c of all hypotheses is below the length r of the
 * references. Of several references the one closest in length counts for r, of two equally close
 * the shorter.
 *
 * <p>As in the COCO caption evaluation the counts of all examples are added first, and 1e-15 and
 * 1e-9 keep zeros out of the fractions. The score of one example is the same formula on its own
 * counts. Immutable.
 *
 * @see <a href="https://aclanthology.org/P02-1040">Papineni et al., BLEU</a>
 */
public final class BleuStatistics implements Serializable {

  /** The statistic of no examples. */
  public static final BleuStatistics EMPTY =
      new BleuStatistics(0, 0, new long[NgramCounts.MAX_ORDER], new long[NgramCounts.MAX_ORDER]);

  private static final long serialVersionUID = 1;

  private static final double TINY = 1e-15;
  private static final double SMALL = 1e-9;

  private final long hypothesisWords;
  private final long referenceWords;

  /** For each order the hypothesis n-grams that a reference holds, and all of them. */
  private final long[] matches;

  private final long[] ngrams;

  private BleuStatistics(long hypothesisWords, long referenceWords, long[] matches, long[] ngrams) {
    this.hypothesisWords = hypothesisWords;
    this.referenceWords = referenceWords;
    this.matches = matches;
    this.ngrams = ngrams;
  }

  /**
   * Returns the statistic of one example.
   *
   * @param hypothesis the n-grams of the hypothesis
   * @param references the n-grams of each reference
   * @throws IllegalArgumentException if there is no reference
   */
  public static BleuStatistics of(NgramCounts hypothesis, List<NgramCounts> references) {
    if (references.isEmpty()) {
      throw new IllegalArgumentException("references: none (expected: at least one)");
    }
    long[] matches = new long[NgramCounts.MAX_ORDER];
    long[] ngrams = new long[NgramCounts.MAX_ORDER];
    for (int order = 1; order <= NgramCounts.MAX_ORDER; order++) {
      ngrams[order - 1] = hypothesis.ngrams(order);
      for (int i = hypothesis.start(order); i < hypothesis.end(order); i++) {
        int most = 0;
        for (NgramCounts reference : references) {
          most = Math.max(most, reference.countOf(hypothesis.fingerprint(i)));
        }
        matches[order - 1] += Math.min(most, hypothesis.count(i));
      }
    }
    return new BleuStatistics(
        hypothesis.words(), closestLength(hypothesis.words(), references), matches, ngrams);
  }

  /**
   * Returns the statistic of several examples from sums over them.
   *
   * @param hypothesisWords the sum of {@link #hypothesisWords()}
   * @param referenceWords the sum of {@link #referenceWords()}
   * @param matches the sums of {@link #matches} of orders 1 to {@value NgramCounts#MAX_ORDER}
   * @param ngrams the sums of {@link #ngrams} of these orders
   */
  public static BleuStatistics ofSums(
      long hypothesisWords, long referenceWords, long[] matches, long[] ngrams) {
    return new BleuStatistics(hypothesisWords, referenceWords, matches.clone(), ngrams.clone());
  }

  private static int closestLength(int words, List<NgramCounts> references) {
    int closest = references.get(0).words();
    for (NgramCounts reference : references) {
      int length = reference.words();
      int comparison = Integer.compare(Math.abs(length - words), Math.abs(closest - words));
      if (comparison < 0 || (comparison == 0 && length < closest)) {
        closest = length;
      }
    }
    return closest;
  }

  /** Returns the words of the hypotheses. */
  public long hypothesisWords() {
    return hypothesisWords;
  }

  /** Returns the words of the references that are closest in length. */
  public long referenceWords() {
    return referenceWords;
  }

  /**
   * Returns how many n-grams of the hypotheses a reference holds.
   *
   * @param order 1 to {@value NgramCounts#MAX_ORDER}
   */
  public long matches(int order) {
    return matches[order - 1];
  }

  /**
   * Returns how many n-grams the hypotheses have.
   *
   * @param order 1 to {@value NgramCounts#MAX_ORDER}
   */
  public long ngrams(int order) {
    return ngrams[order - 1];
  }

  /** Returns the statistic of the examples of both. */
  public BleuStatistics plus(BleuStatistics other) {
    return new BleuStatistics(
        hypothesisWords + other.hypothesisWords,
        referenceWords + other.referenceWords,
        sum(matches, other.matches),
        sum(ngrams, other.ngrams));
  }

  private static long[] sum(long[] left, long[] right) {
    long[] sum = left.clone();
    for (int i = 0; i < sum.length; i++) {
      sum[i] += right[i];
    }
    return sum;
  }

  /**
   * Returns BLEU over n-grams up to an order.
   *
   * @param order 1 to {@value NgramCounts#MAX_ORDER}
   * @return the score, from 0 to 1
   */
  public double bleu(int order) {
    double product = 1;
    for (int i = 0; i < order; i++) {
      product *= (matches[i] + TINY) / (ngrams[i] + SMALL);
    }
    double ratio = (hypothesisWords + TINY) / (referenceWords + SMALL);
    double brevityPenalty = ratio < 1 ? Math.exp(1 - 1 / ratio) : 1;
    return Math.pow(product, 1.0 / order) * brevityPenalty;
  }
}
