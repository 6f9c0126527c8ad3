package org.ofaspark.criterion;

import static org.ofaspark.config.Key.Product.ANSWERS;
import static org.ofaspark.config.Key.Product.RANKING;
import static org.ofaspark.config.Key.Product.WEIGHTS;

import java.math.BigDecimal;
import java.util.Optional;
import org.ofaspark.config.AllChecks;
import org.ofaspark.config.Group;
import org.ofaspark.config.Key;
import org.ofaspark.config.Text;
import org.ofaspark.criterion.Drop.Scope;
import org.ofaspark.text.ConstraintRange;

/**
 * Settings of a criterion, under upstream's words.
 *
 * @param objective the loss of a token
 * @param dropWorst which tokens with the largest loss are left out, or which examples
 * @param dropBest which tokens with the smallest loss are left out, of those that {@code dropWorst}
 *     leaves, or which examples; upstream reads this option and never uses it
 * @param useRdrop pass each sample twice, with different dropout, and pull both outputs together
 * @param regAlpha weight of the divergence between the two passes
 * @param ignoreEos leave the end symbol out of the loss
 * @param ignorePrefixSize how many target positions at the start of each sample to leave out
 * @param sentenceAvg let the gradient's denominator be the samples, not the tokens
 * @param constraintRange symbols that can be targets; empty for all
 * @param upstreamCompat behave as upstream does where it evidently does not do what it means: no
 *     drop-best, and R-Drop with the Encouraging Loss pairs the wrong tokens after the first update
 */
public record CriterionConfig(
    @Key(
            decides = {WEIGHTS, ANSWERS},
            name = "criterion")
        Objective objective,
    @Group("drop-worst") Drop dropWorst,
    @Group("drop-best") Drop dropBest,
    @Key(decides = {WEIGHTS, ANSWERS}) boolean useRdrop,
    @Key(decides = {WEIGHTS, ANSWERS}) double regAlpha,
    @Key(decides = {WEIGHTS, RANKING, ANSWERS}) boolean ignoreEos,
    @Key(decides = {WEIGHTS, RANKING, ANSWERS}) int ignorePrefixSize,
    @Key(decides = {WEIGHTS, ANSWERS}) boolean sentenceAvg,
    @Key(decides = {WEIGHTS, RANKING, ANSWERS}) Optional<ConstraintRange> constraintRange,
    @Key(decides = {WEIGHTS, ANSWERS}) boolean upstreamCompat) {

  /** Checks every range. */
  public CriterionConfig {
    new AllChecks()
        .that("criterion.reg-alpha", regAlpha, regAlpha > 0, "a number above 0")
        .atLeast("criterion.ignore-prefix-size", ignorePrefixSize, 0)
        .that(
            "criterion.drop-best.ratio",
            dropBest.ratio(),
            leavesExamples(dropBest.of(Scope.EXAMPLE), dropWorst.of(Scope.EXAMPLE)),
            Text.format(
                "less than 1 together with criterion.drop-worst.ratio, %s, so that examples are"
                    + " left",
                dropWorst.ratio()))
        .done();
  }

  private static boolean leavesExamples(Drop best, Drop worst) {
    BigDecimal both = BigDecimal.valueOf(best.ratio()).add(BigDecimal.valueOf(worst.ratio()));
    return both.compareTo(BigDecimal.ONE) < 0;
  }

  /**
   * Returns a criterion without dropping, R-Drop or exceptions.
   *
   * @param objective the loss of a token
   */
  public static CriterionConfig plain(Objective objective) {
    return new CriterionConfig(
        objective, Drop.NONE, Drop.NONE, false, 1, false, 0, false, Optional.empty(), false);
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
        useRdrop,
        regAlpha,
        ignoreEos,
        ignorePrefixSize,
        sentenceAvg,
        constraintRange,
        upstreamCompat);
  }

  /** Returns which of the worst tokens are left out. */
  Drop worstTokens() {
    return dropWorst.of(Scope.TOKEN);
  }

  /** Returns which of the best tokens are left out. */
  Drop bestTokens() {
    return upstreamCompat ? Drop.NONE : dropBest.of(Scope.TOKEN);
  }
}
