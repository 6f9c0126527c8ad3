package org.ofaspark.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class CiderScorerTest {

  private static final Offset<Double> ROUNDING = within(1e-12);

  /** No n-gram is known, so that each weighs log(100). */
  private final CiderScorer scorer = new CiderScorer(CachedFrequency.of(100, Map.of()));

  @Test
  void captionThatRepeatsItsReferenceScoresTen() {
    assertThat(scorer.score(caption("a dog on a sofa"), captions("a dog on a sofa")))
        .isCloseTo(10, ROUNDING);
  }

  @Test
  void captionTooShortForAnOrderScoresZeroInIt() {
    // One word: order 1 alone has a vector, and the share of one order in four is 2.5.
    assertThat(scorer.score(caption("dog"), captions("dog"))).isCloseTo(2.5, ROUNDING);
  }

  @Test
  void differenceInLengthIsPunished() {
    // Unigrams (1) against (2) and (4): the cosine is 1, the lengths differ by 1 and by 3.
    assertThat(scorer.score(caption("dog"), captions("dog dog")))
        .isCloseTo(2.5 * Math.exp(-1 / 72.0), ROUNDING);
    assertThat(scorer.score(caption("dog"), captions("dog dog dog dog")))
        .isCloseTo(2.5 * Math.exp(-9 / 72.0), ROUNDING);
  }

  @Test
  void repetitionInTheHypothesisIsClipped() {
    // Unigrams (2) against (1): min(2, 1) * 1 / (2 * 1).
    assertThat(scorer.score(caption("dog dog"), captions("dog")))
        .isCloseTo(2.5 * 0.5 * Math.exp(-1 / 72.0), ROUNDING);
  }

  @Test
  void scoreIsTheMeanOverReferences() {
    assertThat(scorer.score(caption("a dog on a sofa"), captions("a dog on a sofa", "x y z u v")))
        .isCloseTo(5, ROUNDING);
  }

  @Test
  void ngramOfEveryDocumentWeighsNothing() {
    var everywhere = new CiderScorer(CachedFrequency.of(100, Map.of("dog", 100)));

    assertThat(everywhere.score(caption("dog"), captions("dog"))).isZero();
  }

  @Test
  void rareNgramWeighsMoreThanCommonOne() {
    var known = new CiderScorer(CachedFrequency.of(100, Map.of("a", 50, "dog", 2)));

    assertThat(known.score(caption("dog"), captions("a dog")))
        .isGreaterThan(known.score(caption("a"), captions("a dog")));
  }

  @Test
  void emptyCaptionsScoreZero() {
    assertThat(scorer.score(caption(""), captions("a dog"))).isZero();
    assertThat(scorer.score(caption("a dog"), captions(""))).isZero();
    assertThat(scorer.score(caption(""), captions(""))).isZero();
  }

  @Test
  void scorerSurvivesSerialization() throws Exception {
    var known = new CiderScorer(CachedFrequency.of(100, Map.of("a", 50, "a dog", 2)));
    var bytes = new ByteArrayOutputStream();
    try (var out = new ObjectOutputStream(bytes)) {
      out.writeObject(known);
    }
    try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      CiderScorer read = (CiderScorer) in.readObject();

      assertThat(read.score(caption("a dog"), captions("a dog runs")))
          .isPositive()
          .isEqualTo(known.score(caption("a dog"), captions("a dog runs")));
    }
  }

  @Test
  void hypothesisWithoutReferenceIsRefused() {
    assertThatThrownBy(() -> scorer.score(caption("a dog"), List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("references: none (expected: at least one)");
  }

  private static NgramCounts caption(String caption) {
    return NgramCounts.of(CaptionWords.atWhiteSpace(caption));
  }

  private static List<NgramCounts> captions(String... captions) {
    return Stream.of(captions).map(CiderScorerTest::caption).toList();
  }
}
