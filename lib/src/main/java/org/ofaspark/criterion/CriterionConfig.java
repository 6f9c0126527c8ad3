package org.ofaspark.criterion;

import java.util.Optional;
import org.ofaspark.config.AllChecks;

/**
 * Settings of a criterion, under upstream's words.
 *
 * @param loss the loss to minimize
 * @param labelSmoothing share of the target's mass spread over all symbols, 0 to 1; 0 turns it off
 * @param logEnd probability above which the encouraging bonus goes on linearly, 0 to 0.9999, or 1
 *     for the full logarithm; upstream advises 0.75, or 0.5
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
    Loss loss,
    double labelSmoothing,
    double logEnd,
    TokenDrop dropWorst,
    TokenDrop dropBest,
    double rdropAlpha,
    boolean ignoreEos,
    int ignorePrefixSize,
    boolean sentenceAvg,
    Optional<ConstraintRange> constraintRange,
    boolean upstreamCompat) {

  /** Which loss is minimized. */
  public enum Loss {
    /** Label-smoothed cross entropy: upstream's adjust_label_smoothed_cross_entropy. */
    CROSS_ENTROPY,
    /** The same plus the encouraging bonus: adjust_label_smoothed_encouraging_loss. */
    ENCOURAGING
  }

  /** Checks every range. */
  public CriterionConfig {
    new AllChecks()
        .inRange("criterion.label-smoothing", labelSmoothing, 0, 1)
        .that(
            "criterion.log-end",
            logEnd,
            logEnd >= 0 && (logEnd <= 0.9999 || logEnd == 1),
            "0 to 0.9999, or 1")
        .that("criterion.reg-alpha", rdropAlpha, rdropAlpha >= 0, "at least 0")
        .atLeast("criterion.ignore-prefix-size", ignorePrefixSize, 0)
        .done();
  }

  /**
   * Returns a criterion without dropping, R-Drop or exceptions.
   *
   * @param loss the loss
   * @param labelSmoothing share of the target's mass spread over all symbols
   * @param logEnd probability above which the bonus goes on linearly
   */
  public static CriterionConfig plain(Loss loss, double labelSmoothing, double logEnd) {
    return new CriterionConfig(
        loss,
        labelSmoothing,
        logEnd,
        TokenDrop.NONE,
        TokenDrop.NONE,
        0,
        false,
        0,
        false,
        Optional.empty(),
        false);
  }

  /**
   * Returns the same settings for another loss.
   *
   * @param other the loss
   */
  public CriterionConfig with(Loss other) {
    return new CriterionConfig(
        other,
        labelSmoothing,
        logEnd,
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
