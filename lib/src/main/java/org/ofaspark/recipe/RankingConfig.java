package org.ofaspark.recipe;

import java.math.BigDecimal;
import org.ofaspark.config.AllChecks;
import org.ofaspark.config.Text;
import org.ofaspark.criterion.EncouragingLoss;

/**
 * How the training examples are ranked, and which of them are left out of training.
 *
 * <p>Different from upstream on purpose, which ranks the tokens of a micro-batch only. All examples
 * are ranked from best, the smallest score, to worst; both rules take their share of one ranking.
 *
 * @param dropBest leaves out the first of a ranking
 * @param dropWorst leaves out the last of a ranking
 * @param score what examples are ranked by
 * @param objective what scores are made of, whatever the run's own objective is
 * @param interval updates from one ranking to the next; 0 for one at the start of each epoch
 */
public record RankingConfig(
    ExampleDrop dropBest,
    ExampleDrop dropWorst,
    Score score,
    EncouragingLoss objective,
    long interval) {

  /** The score of an example: a mean over its target tokens that count, in nats. */
  public enum Score {
    /** Label-smoothed cross entropy, which token dropping goes by too. */
    LOSS,
    /** Negative log-likelihood of the target. */
    NLL,
    /** Label-smoothed Encouraging Loss: LOSS plus the bonus. */
    ENCOURAGING
  }

  /** Checks that something is left to train on. */
  public RankingConfig {
    new AllChecks()
        .that(
            "criterion.drop-best.ratio",
            dropBest.ratio(),
            BigDecimal.valueOf(dropBest.ratio())
                    .add(BigDecimal.valueOf(dropWorst.ratio()))
                    .compareTo(BigDecimal.ONE)
                < 0,
            Text.format(
                "less than 1 together with criterion.drop-worst.ratio, %s, so that examples are"
                    + " left",
                dropWorst.ratio()))
        .atLeast("ranking.interval", interval, 0)
        .done();
  }

  /** Tells whether examples are left out at all. */
  public boolean isOn() {
    return dropBest.isOn() || dropWorst.isOn();
  }

  /**
   * Returns the same with the rules that hold in an update.
   *
   * @param update its number, counted from 0
   */
  public RankingConfig at(long update) {
    return new RankingConfig(dropBest.at(update), dropWorst.at(update), score, objective, interval);
  }
}
