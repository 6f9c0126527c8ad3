package org.ofaspark.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DocumentFrequencyTest {

  @Test
  void ngramCountsOnceForEachImage() {
    DocumentFrequency frequency =
        new DocumentFrequency.Builder()
            .add(captions("a dog", "a dog a dog"))
            .add(captions("a cat"))
            .build();

    assertThat(frequency.documents()).isEqualTo(2);
    assertThat(frequency.of(List.of("a"))).isEqualTo(2);
    assertThat(frequency.of(List.of("a", "dog"))).isEqualTo(1);
    assertThat(frequency.of(List.of("dog", "a"))).isEqualTo(1);
    assertThat(frequency.of(List.of("bird"))).isZero();
  }

  @Test
  void mergedBuildersKnowTheImagesOfBoth() {
    var left = new DocumentFrequency.Builder().add(captions("a dog")).add(captions("a cat"));
    var right = new DocumentFrequency.Builder().add(captions("a dog", "a bird"));

    DocumentFrequency frequency = left.merge(right).build();

    assertThat(frequency.documents()).isEqualTo(3);
    assertThat(frequency.of(List.of("a"))).isEqualTo(3);
    assertThat(frequency.of(List.of("dog"))).isEqualTo(2);
    assertThat(frequency.of(List.of("bird"))).isEqualTo(1);
  }

  @Test
  void occurrencesInPartsCountToTheSameAsATable() {
    var random = new Random(5);
    List<List<NgramCounts>> documents =
        IntStream.range(0, 300)
            .mapToObj(i -> captions("a w" + random.nextInt(40), "a w" + random.nextInt(40) + " a"))
            .toList();
    var table = new DocumentFrequency.Builder();
    documents.forEach(table::add);
    List<NgramOccurrences> some = NgramOccurrences.of(documents.subList(0, 100).iterator(), 3);
    List<NgramOccurrences> others = NgramOccurrences.of(documents.subList(100, 300).iterator(), 3);
    DocumentFrequency common =
        IntStream.range(0, 3)
            .mapToObj(i -> NgramOccurrences.common(List.of(some.get(i), others.get(i)).iterator()))
            .reduce(new DocumentFrequency.Builder(), DocumentFrequency.Builder::merge)
            .build();

    DocumentFrequency all = table.build();
    assertThat(common.documents()).isEqualTo(300);
    assertThat(common.ngrams()).isPositive();
    for (int i = 0; i < 40; i++) {
      for (List<String> ngram : List.of(List.of("w" + i), List.of("w" + i, "a"), List.of("a"))) {
        double expected = all.of(ngram);
        assertThat(common.of(ngram)).isEqualTo(expected > 1 ? expected : 0);
      }
    }
  }

  @Test
  void tableGrowsWithoutLosingNgrams() {
    var builder = new DocumentFrequency.Builder();
    IntStream.range(0, 10_000).forEach(i -> builder.add(captions("a w" + i)));

    DocumentFrequency frequency = builder.build();

    assertThat(frequency.ngrams()).isEqualTo(1 + 2 * 10_000);
    assertThat(frequency.of(List.of("a"))).isEqualTo(10_000);
    assertThat(IntStream.range(0, 10_000)).allMatch(i -> frequency.of(List.of("a", "w" + i)) == 1);
  }

  @Test
  void cachedFrequenciesOfAnyNumberAreFound() {
    Map<String, Integer> frequencies =
        IntStream.range(0, 10_000).boxed().collect(Collectors.toMap(i -> "a w" + i, i -> i));

    DocumentFrequency frequency = CachedFrequency.of(10_000, frequencies);

    assertThat(frequency.ngrams()).isEqualTo(10_000);
    assertThat(IntStream.range(0, 10_000)).allMatch(i -> frequency.of(List.of("a", "w" + i)) == i);
  }

  @Test
  void builderSurvivesSerialization() throws Exception {
    var builder = new DocumentFrequency.Builder().add(captions("a dog"));
    var bytes = new ByteArrayOutputStream();
    try (var out = new ObjectOutputStream(bytes)) {
      out.writeObject(builder);
    }
    try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      DocumentFrequency read =
          ((DocumentFrequency.Builder) in.readObject()).add(captions("a cat")).build();

      assertThat(read.documents()).isEqualTo(2);
      assertThat(read.of(List.of("a"))).isEqualTo(2);
    }
  }

  @Test
  void ngramOfNoWordOrTooManyIsRefused() {
    var cached = new DocumentFrequency.Cached();
    assertThatThrownBy(() -> cached.put(List.of("a", "b", "c", "d", "e"), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("n-gram: [a, b, c, d, e] (expected: 1 to 4 words)");
    assertThatThrownBy(() -> cached.put(List.of(), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("n-gram: [] (expected: 1 to 4 words)");
  }

  @ParameterizedTest
  @ValueSource(doubles = {-1, Double.NaN, Double.POSITIVE_INFINITY})
  void frequencyThatIsNoCountIsRefused(double frequency) {
    assertThatThrownBy(() -> new DocumentFrequency.Cached().put(List.of("a"), frequency))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("frequency of [a]: %s (expected: >= 0)".formatted(frequency));
  }

  @Test
  void frequencyOfNoDocumentsIsRefused() {
    assertThatThrownBy(() -> new DocumentFrequency.Builder().build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("documents: 0 (expected: >= 1)");
  }

  private static List<NgramCounts> captions(String... captions) {
    return Stream.of(captions).map(CaptionWords::atWhiteSpace).map(NgramCounts::of).toList();
  }
}
