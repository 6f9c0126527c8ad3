package org.ofaspark.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class BleuStatisticsTest {

  /** The 1e-9 in the denominators of the formula shows. */
  private static final Offset<Double> SMALL = within(1e-8);

  @Test
  void captionThatRepeatsAReferenceScoresOne() {
    BleuStatistics statistics = example("a dog on a sofa", "a dog on a sofa", "x");

    assertThat(statistics.bleu(1)).isCloseTo(1, SMALL);
    assertThat(statistics.bleu(4)).isCloseTo(1, SMALL);
  }

  @Test
  void wordCountsAtMostAsOftenAsInTheReferenceThatHasItMost() {
    assertThat(example("a a a a", "a x y z", "a a y z").bleu(1)).isCloseTo(0.5, SMALL);
  }

  @Test
  void orderTwoIsTheGeometricMeanOfWordsAndBigrams() {
    // 3 of 4 words, 1 of 3 bigrams.
    assertThat(example("a dog x sofa", "sofa a dog y").bleu(2))
        .isCloseTo(Math.sqrt(3 / 4.0 * 1 / 3.0), SMALL);
  }

  @Test
  void shortHypothesisIsPunished() {
    assertThat(example("a dog", "a dog on a sofa").bleu(1)).isCloseTo(Math.exp(1 - 5 / 2.0), SMALL);
  }

  @Test
  void closestReferenceCountsAndOfTwoTheShorter() {
    // Lengths 2 and 4 are equally close to 3, so that nothing is too short.
    assertThat(example("a b c", "a b c d", "a b").bleu(1)).isCloseTo(1, SMALL);
    assertThat(example("a b c", "a b c d", "a").bleu(1)).isCloseTo(Math.exp(1 - 4 / 3.0), SMALL);
  }

  @Test
  void countsOfACorpusAddUpBeforeTheFractions() {
    BleuStatistics corpus = example("a b", "a b").plus(example("c x y z", "c u v w"));

    assertThat(corpus.bleu(1)).isCloseTo(3 / 6.0, SMALL);
    assertThat(corpus.plus(BleuStatistics.EMPTY).bleu(1)).isEqualTo(corpus.bleu(1));
  }

  @Test
  void emptyHypothesisScoresZero() {
    assertThat(example("", "a dog").bleu(1)).isZero();
    assertThat(BleuStatistics.EMPTY.bleu(4)).isLessThan(1e-5);
  }

  @Test
  void hypothesisWithoutReferenceIsRefused() {
    assertThatThrownBy(() -> example("a dog"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("references: none (expected: at least one)");
  }

  private static BleuStatistics example(String hypothesis, String... references) {
    return BleuStatistics.of(
        caption(hypothesis), Stream.of(references).map(BleuStatisticsTest::caption).toList());
  }

  private static NgramCounts caption(String caption) {
    List<String> words = CaptionWords.atWhiteSpace(caption);
    return NgramCounts.of(words);
  }
}
