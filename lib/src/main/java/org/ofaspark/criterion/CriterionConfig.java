package org.ofaspark.criterion;

import java.util.Optional;
import org.ofaspark.config.AllChecks;

/**
 * Settings of a criterion, under upstream's words.
 *
 * @param objective the loss of a token
 * @param dropWorst tokens with the largest loss that are left out
 * @param dropBest tokens with the smallest loss that are left out, of those that {@code dropWorst}
 *     leaves; upstream reads this option and never uses it
 * @param rdropAlpha weight of the divergence between two passes over the same samples with
 *     different dropout, 0 for a single pass; upstream's reg-alpha with use-rdrop
 * @param ignoreEos leave the end symbol out of the loss
 * @param ignorePrefixSize how many target positions at the start of each sample to leave out
 * @param sentenceAvg let the gradient's denominator be the samples, not the tokens
 * @param constraintRange symbols that can be targets; empty for all
 * @param upstreamCompat behave as upstream does where it evidently does not do what it means: no
 *     drop-best, and R-Drop with the Encouraging Loss pairs the wrong tokens after the first update
 */
public record CriterionConfig(
    Objective objective,
    TokenDrop dropWorst,
    TokenDrop dropBest,
    double rdropAlpha,
    boolean ignoreEos,
    int ignorePrefixSize,
    boolean sentenceAvg,
    Optional<ConstraintRange> constraintRange,
    boolean upstreamCompat) {

  /** Checks every range. */
  public CriterionConfig {
    new AllChecks()
        .that("criterion.reg-alpha", rdropAlpha, rdropAlpha >= 0, "at least 0")
        .atLeast("criterion.ignore-prefix-size", ignorePrefixSize, 0)
        .done();
  }

  /**
   * Returns a criterion without dropping, R-Drop or exceptions.
   *
   * @param objective the loss of a token
   */
  public static CriterionConfig plain(Objective objective) {
    return new CriterionConfig(
        objective, TokenDrop.NONE, TokenDrop.NONE, 0, false, 0, false, Optional.empty(), false);
  }

  /**
   * Returns the same settings for another objective.
   *
   * @param other the objective
   */
  public CriterionConfig with(Objective other) {
    return new CriterionConfig(
        other,
        dropWorst,
        dropBest,
        rdropAlpha,
        ignoreEos,
        ignorePrefixSize,
        sentenceAvg,
        constraintRange,
        upstreamCompat);
  }

  /** Tells whether each sample is passed twice. */
  public boolean usesRdrop() {
    return rdropAlpha > 0;
  }
}
