package org.ofaspark.metric;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class NgramCountsTest {

  @Test
  void repeatedNgramsAreCountedOnceEach() {
    NgramCounts counts = NgramCounts.of(List.of("a", "man", "a", "man", "a"));

    assertThat(counts.words()).isEqualTo(5);
    assertThat(counts.countOf(NgramCounts.fingerprintOf(List.of("a")))).isEqualTo(3);
    assertThat(counts.countOf(NgramCounts.fingerprintOf(List.of("man")))).isEqualTo(2);
    assertThat(counts.countOf(NgramCounts.fingerprintOf(List.of("a", "man")))).isEqualTo(2);
    assertThat(counts.countOf(NgramCounts.fingerprintOf(List.of("a", "man", "a")))).isEqualTo(2);
    assertThat(counts.countOf(NgramCounts.fingerprintOf(List.of("a", "man", "a", "man"))))
        .isEqualTo(1);
    assertThat(counts.size()).isEqualTo(2 + 2 + 2 + 2);
  }

  @Test
  void orderOfWordsMatters() {
    NgramCounts counts = NgramCounts.of(List.of("man", "bites", "dog"));

    assertThat(counts.countOf(NgramCounts.fingerprintOf(List.of("man", "bites")))).isEqualTo(1);
    assertThat(counts.countOf(NgramCounts.fingerprintOf(List.of("bites", "man")))).isZero();
    assertThat(counts.countOf(NgramCounts.fingerprintOf(List.of("manbites")))).isZero();
  }

  @Test
  void captionShorterThanAnOrderHasNoneOfIt() {
    NgramCounts two = NgramCounts.of(List.of("a", "man"));
    NgramCounts none = NgramCounts.of(List.of());

    assertThat(List.of(two.ngrams(1), two.ngrams(2), two.ngrams(3), two.ngrams(4)))
        .containsExactly(2, 1, 0, 0);
    assertThat(two.size()).isEqualTo(3);
    assertThat(none.size()).isZero();
    assertThat(none.ngrams(1)).isZero();
  }

  @Test
  void fingerprintsOfSimilarWordsDiffer() {
    Set<Long> fingerprints = new HashSet<>();
    for (char first = 'a'; first <= 'z'; first++) {
      for (char second = 'a'; second <= 'z'; second++) {
        fingerprints.add(NgramCounts.fingerprintOf(List.of("" + first + second)));
        fingerprints.add(NgramCounts.fingerprintOf(List.of("" + first, "" + second)));
      }
    }

    assertThat(fingerprints).hasSize(2 * 26 * 26).doesNotContain(0L);
  }
}
