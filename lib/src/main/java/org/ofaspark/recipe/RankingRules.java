package org.ofaspark.recipe;

import org.ofaspark.criterion.Drop;

/**
 * Which training examples are left out of training, by a ranking of them.
 *
 * <p>Different from upstream on purpose, which ranks the tokens of a micro-batch only. All examples
 * are ranked from best, the smallest score, to worst; both rules take their share of one ranking.
 *
 * @param dropBest leaves out the first of a ranking
 * @param dropWorst leaves out the last of a ranking
 * @param config by what they are ranked, and when
 */
public record RankingRules(Drop dropBest, Drop dropWorst, RankingConfig config) {

  /** Tells whether examples are left out at all. */
  public boolean isOn() {
    return dropBest.isOn() || dropWorst.isOn();
  }

  /**
   * Returns the same with the rules that hold in an update.
   *
   * @param update its number, counted from 0
   */
  public RankingRules at(long update) {
    return new RankingRules(dropBest.at(update), dropWorst.at(update), config);
  }
}
