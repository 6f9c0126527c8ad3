package org.ofaspark.metric;

import java.io.Serializable;

/**
 * The mean of the scores of examples, as a statistic that merges.
 *
 * @param sum the sum of the scores
 * @param examples how many scores were added
 */
public record MeanScore(double sum, long examples) implements Serializable {

  /** The statistic of no examples. */
  public static final MeanScore EMPTY = new MeanScore(0, 0);

  /** Returns this statistic with one more score. */
  public MeanScore plus(double score) {
    return new MeanScore(sum + score, examples + 1);
  }

  /** Returns the statistic of the examples of both. */
  public MeanScore plus(MeanScore other) {
    return new MeanScore(sum + other.sum, examples + other.examples);
  }

  /** Returns the mean, 0 if there are no examples. */
  public double mean() {
    return examples == 0 ? 0 : sum / examples;
  }
}
