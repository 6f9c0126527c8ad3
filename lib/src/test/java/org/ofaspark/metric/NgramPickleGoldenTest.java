package org.ofaspark.metric;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.golden.Golden;

/** Pickles of document frequencies that Python wrote in upstream's layout. */
class NgramPickleGoldenTest {

  @ParameterizedTest
  @ValueSource(ints = {0, 2, 4})
  void everyNgramIsRead(int protocol) throws IOException {
    String name = "metrics/cached_df.proto%d.p".formatted(protocol);
    DocumentFrequency frequency =
        NgramPickle.read(new ByteArrayInputStream(Golden.bytes(name)), name);

    assertThat(frequency.documents()).isEqualTo(CachedFrequency.goldenDocuments());
    assertThat(frequency.ngrams()).isEqualTo(CachedFrequency.goldenCounts().size());
    CachedFrequency.goldenCounts()
        .forEach(
            (ngram, count) ->
                assertThat(frequency.of(List.of(ngram.split(" ", -1)))).as(ngram).isEqualTo(count));
  }
}
