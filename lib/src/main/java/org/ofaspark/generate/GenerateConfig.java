package org.ofaspark.generate;

import static org.ofaspark.config.Key.Product.ANSWERS;

import java.util.Optional;
import org.ofaspark.config.AllChecks;
import org.ofaspark.config.Group;
import org.ofaspark.config.Key;
import org.ofaspark.config.Text;
import org.ofaspark.text.ConstraintRange;

/**
 * How sentences are generated, under upstream's words.
 *
 * @param beam hypotheses kept of each sentence; 1 is greedy search
 * @param maxLenA longest hypothesis, per source token
 * @param maxLenB longest hypothesis, added to {@code maxLenA} times the source's padded length
 * @param minLen shortest hypothesis, in tokens without the end symbol
 * @param lenpen exponent of the length that a hypothesis's score is divided by
 * @param unnormalized do not divide scores by length at all
 * @param unkpen taken off the log-probability of the unknown symbol
 * @param temperature logits are divided by this
 * @param noRepeatNgramSize no n-gram of this size occurs twice in a hypothesis; 0 is no rule
 * @param constraintRange symbols that can be generated besides the special ones; empty for all
 * @param onlyBins whether location bins, the dictionary's last symbols, alone can be generated
 *     besides the end symbol
 * @param sampling whether and how to draw {@code beam} hypotheses at random
 */
public record GenerateConfig(
    @Key(decides = ANSWERS) int beam,
    @Key(decides = ANSWERS) double maxLenA,
    @Key(decides = ANSWERS) int maxLenB,
    @Key(decides = ANSWERS) int minLen,
    @Key(decides = ANSWERS) double lenpen,
    @Key(decides = ANSWERS) boolean unnormalized,
    @Key(decides = ANSWERS) double unkpen,
    @Key(decides = ANSWERS) double temperature,
    @Key(decides = ANSWERS) int noRepeatNgramSize,
    @Key(decides = ANSWERS) Optional<ConstraintRange> constraintRange,
    @Key(decides = ANSWERS) boolean onlyBins,
    @Group("") Sampling sampling) {

  /** Checks every range. */
  public GenerateConfig {
    new AllChecks()
        .inRange("generate.beam", beam, 1, 100)
        .that("generate.max-len-a", maxLenA, maxLenA >= 0, "at least 0")
        .atLeast("generate.max-len-b", maxLenB, 0)
        .that(
            "generate.min-len",
            minLen,
            minLen >= 0 && (maxLenA > 0 || minLen <= Math.max(0, maxLenB)),
            Text.format("0 to generate.max-len-b, %d", maxLenB))
        .that("generate.lenpen", lenpen, Double.isFinite(lenpen), "a number")
        .that("generate.unkpen", unkpen, Double.isFinite(unkpen), "a number")
        .that("generate.temperature", temperature, temperature > 0, "a number above 0")
        .atLeast("generate.no-repeat-ngram-size", noRepeatNgramSize, 0)
        .that(
            "generate.only-bins",
            true,
            !onlyBins || constraintRange.isEmpty(),
            "false with a constraint-range")
        .done();
  }

  /**
   * Returns the settings under which upstream's search is fairseq's: nothing is forbidden.
   *
   * @param beam hypotheses kept of each sentence
   * @param minLen shortest hypothesis
   * @param maxLen longest hypothesis
   */
  public static GenerateConfig plain(int beam, int minLen, int maxLen) {
    return new GenerateConfig(
        beam, 0, maxLen, minLen, 1, false, 0, 1, 0, Optional.empty(), false, Sampling.OFF);
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
