package org.ofaspark.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RougeScorerTest {

  @Test
  void captionThatRepeatsAReferenceScoresOne() {
    assertThat(score("a dog on a sofa", "x y", "a dog on a sofa")).isCloseTo(1, within(1e-12));
  }

  @Test
  void commonWordsCountInOrderThoughNotAdjacent() {
    // "a on sofa": precision 3 of 4, recall 3 of 5.
    double precision = 3 / 4.0;
    double recall = 3 / 5.0;

    assertThat(score("a cat on sofa", "a dog on a sofa"))
        .isCloseTo(2.44 * precision * recall / (recall + 1.44 * precision), within(1e-12));
    assertThat(score("sofa on", "on sofa")).isCloseTo(0.5, within(1e-12));
  }

  @Test
  void bestPrecisionAndBestRecallMayComeFromDifferentReferences() {
    // "a b c": precision 1 from the long reference, recall 1 from the short one.
    assertThat(score("a b c", "a b c d e f", "b")).isCloseTo(1, within(1e-12));
  }

  @Test
  void captionsWithoutCommonWordScoreZero() {
    assertThat(score("a dog", "the cat")).isZero();
    assertThat(score("", "the cat")).isZero();
  }

  @Test
  void twoEmptyCaptionsShareTheEmptyWord() {
    assertThat(score("", "")).isCloseTo(1, within(1e-12));
  }

  @Test
  void captionWithoutWordsOrReferencesIsRefused() {
    assertThatThrownBy(() -> RougeScorer.score(new long[1], List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("references: none (expected: at least one)");
    assertThatThrownBy(() -> RougeScorer.score(new long[0], List.of(new long[1])))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("hypothesis: no words (expected: at least one, empty for an empty caption)");
    assertThatThrownBy(() -> RougeScorer.score(new long[1], List.of(new long[0])))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("reference: no words (expected: at least one, empty for an empty caption)");
  }

  private static double score(String hypothesis, String... references) {
    return RougeScorer.score(
        words(hypothesis), Stream.of(references).map(RougeScorerTest::words).toList());
  }

  private static long[] words(String caption) {
    return NgramCounts.fingerprints(CaptionWords.atBlanks(caption));
  }
}
