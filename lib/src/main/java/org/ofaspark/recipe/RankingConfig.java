package org.ofaspark.recipe;

import static org.ofaspark.config.Key.Product.WEIGHTS;

import org.ofaspark.config.Checks;
import org.ofaspark.config.Key;

/**
 * How the training examples are ranked.
 *
 * @param score what examples are ranked by
 * @param interval updates from one ranking to the next; 0 for one at the start of each epoch
 */
public record RankingConfig(
    @Key(decides = WEIGHTS) Score score, @Key(decides = WEIGHTS) long interval) {

  /** The score of an example: a mean over its target tokens that count, in nats. */
  public enum Score {
    /** Label-smoothed cross entropy, which token dropping goes by too. */
    LOSS,
    /** Negative log-likelihood of the target. */
    NLL,
    /** Label-smoothed Encouraging Loss: LOSS plus the bonus, whatever the run's objective is. */
    ENCOURAGING
  }

  /** Checks the interval. */
  public RankingConfig {
    Checks.atLeast("ranking.interval", interval, 0);
  }
}
