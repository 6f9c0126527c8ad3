package org.ofaspark.jobs.ranking;

import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * An example and its score, in the one total order of rankings: by score, smallest first, equal
 * ones by the bytes of their ids in UTF-8, which is Spark's order of texts too.
 *
 * @param score see {@link org.ofaspark.recipe.RankingConfig.Score}; 0 has no sign
 * @param exampleId unique in its table
 */
public record ScoredExample(double score, String exampleId)
    implements Comparable<ScoredExample>, Serializable {

  /** Gives 0 its sign. */
  public ScoredExample {
    score += 0.0; // turns -0.0 to 0.0
  }

  /** Tells whether the example has a place in a ranking. */
  boolean isRanked() {
    return Double.isFinite(score);
  }

  @Override
  public int compareTo(ScoredExample other) {
    int byScore = Double.compare(score, other.score);
    return byScore != 0 || exampleId.equals(other.exampleId)
        ? byScore
        : Arrays.compareUnsigned(bytes(exampleId), bytes(other.exampleId));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
