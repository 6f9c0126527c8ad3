package org.ofaspark.criterion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.io.Serializable;
import java.util.List;
import org.ofaspark.config.ConfigSection;
import org.ofaspark.config.Named;

/**
 * A loss of target tokens: what a token costs by its log-probabilities and its target, and the
 * derivative of that in closed form. Token dropping and R-Drop work with every objective.
 *
 * <p>To add one, write a record of its recipe keys that implements this, and name it in {@link
 * Objectives}. Thread-safe.
 */
public interface Objective extends Named, Serializable {

  /**
   * Reads an objective, see {@link Objectives}.
   *
   * @param criterion section criterion
   * @param key the key that names it
   */
  static Objective read(ConfigSection criterion, String key) {
    return Objectives.read(criterion, key);
  }

  /** Returns what people call it, with its settings, as reports show it. */
  String title();

  /** Returns how many {@link TokenTerms#terms} the loss is the sum of; 1 as it stands here. */
  default int terms() {
    return 1;
  }

  /** Returns how many {@link TokenTerms#numbers} there are; 0 as it stands here. */
  default int numbers() {
    return 0;
  }

  /**
   * Computes the loss of a chunk's tokens, in the current scope and without recording.
   *
   * @param chunk the tokens
   */
  TokenTerms terms(TokenChunk chunk);

  /** Returns the names of the sums that are logged besides the loss; none as it stands here. */
  default List<String> sums() {
    return List.of();
  }

  /**
   * Returns what a token adds to {@link #sums}, in their order.
   *
   * @param nll negative log-likelihood of its target, in nats
   * @param numbers its numbers, see {@link TokenTerms#numbers}
   */
  default double[] sumsOf(double nll, double[] numbers) {
    return new double[0];
  }

  /** Returns what training logs and reports show of the {@link #sums}. */
  default List<LoggedRatio> logged() {
    return List.of();
  }

  /**
   * Tells whether upstream sorts the tokens by their loss before R-Drop pairs them, so that it
   * pairs wrong ones, see {@link CriterionConfig#upstreamCompat}.
   */
  default boolean pairsWrongTokensUpstream() {
    return false;
  }

  /** The loss of a chunk's tokens. Its arrays belong to the scope that it was made in. */
  interface TokenTerms {

    /**
     * Returns what the loss of each token is the sum of, float32, shape (n, 1) each. The first is
     * what token dropping goes by.
     */
    NDList terms();

    /** Returns the negative log-likelihood of each target, in nats, float32, shape (n, 1). */
    NDArray nll();

    /**
     * Returns d(loss) / d(log-probabilities), float32, shape (n, K), which the caller may change.
     */
    NDArray derivative();

    /**
     * Returns the numbers of each token that {@link Objective#sumsOf} reads, float32, shape (n, 1)
     * each. Called last: it may change the chunk's arrays.
     */
    default NDList numbers() {
      return new NDList();
    }
  }
}
