package org.ofaspark.generate;

import java.util.Optional;
import org.ofaspark.config.Checks;
import org.ofaspark.criterion.ConstraintRange;

/**
 * Settings of beam search, under upstream's words.
 *
 * @param beam hypotheses kept of each sentence
 * @param maxLenA longest hypothesis, per source token
 * @param maxLenB longest hypothesis, added to {@code maxLenA} times the source's padded length
 * @param minLen shortest hypothesis, in tokens without the end symbol
 * @param lenpen exponent of the length that a hypothesis's score is divided by
 * @param unnormalized do not divide scores by length at all
 * @param unkpen taken off the log-probability of the unknown symbol
 * @param temperature logits are divided by this
 * @param noRepeatNgramSize no n-gram of this size occurs twice in a hypothesis; 0 is no rule
 * @param constraintRange symbols that can be generated besides the special ones; empty for all
 */
public record GenerateConfig(
    int beam,
    double maxLenA,
    int maxLenB,
    int minLen,
    double lenpen,
    boolean unnormalized,
    double unkpen,
    double temperature,
    int noRepeatNgramSize,
    Optional<ConstraintRange> constraintRange) {

  /** Checks every range. */
  public GenerateConfig {
    Checks.inRange("generate.beam", beam, 1, 100);
    Checks.that("generate.max-len-a", maxLenA, maxLenA >= 0, "at least 0");
    Checks.atLeast("generate.max-len-b", maxLenB, 0);
    Checks.atLeast("generate.min-len", minLen, 0);
    Checks.that("generate.lenpen", lenpen, Double.isFinite(lenpen), "a number");
    Checks.that("generate.unkpen", unkpen, Double.isFinite(unkpen), "a number");
    Checks.that("generate.temperature", temperature, temperature > 0, "a number above 0");
    Checks.atLeast("generate.no-repeat-ngram-size", noRepeatNgramSize, 0);
  }

  /**
   * Returns the most tokens of a hypothesis, without the end symbol.
   *
   * @param sourceLength padded length of the source
   */
  public int maxLength(int sourceLength) {
    return (int) (maxLenA * sourceLength + maxLenB);
  }
}
