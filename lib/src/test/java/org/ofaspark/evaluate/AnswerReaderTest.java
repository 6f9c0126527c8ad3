package org.ofaspark.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.ofaspark.image.Box;
import org.ofaspark.image.BoxBins;
import org.ofaspark.text.BytePairEncoding;
import org.ofaspark.text.Dictionary;
import org.ofaspark.text.TokenCodec;

class AnswerReaderTest {

  private final Dictionary dictionary =
      Dictionary.ofCounts(Map.of("64", 1L)).withTaskSymbols(0, 101);
  private final BoxBins bins = new BoxBins(50, 100, 101);
  private final AnswerReader reader =
      new AnswerReader(new TokenCodec(BytePairEncoding.gpt2(), dictionary), bins);

  private Prediction region(List<Integer> tokens) {
    List<Integer> ended = new ArrayList<>(tokens);
    ended.add(Dictionary.EOS);
    return reader.region(ended, 0, bins.ratios(50, 50));
  }

  private List<Integer> symbols(int... numbers) {
    return Arrays.stream(numbers).map(dictionary::binId).boxed().toList();
  }

  @Test
  void fourBinsInOrderAreABox() {
    Prediction prediction = region(symbols(1, 2, 25, 50));
    assertThat(prediction.isBox()).isTrue();
    assertThat(prediction.boxInImage()).contains(new Box(1, 2, 25, 50)).isEqualTo(prediction.box());
  }

  @ParameterizedTest
  @CsvSource({"25,2,1,50", "1,50,25,2", "1,2,1,50", "1,2,25,2", "50,2,75,50", "1,51,25,75"})
  void boxesThatAreInvertedEmptyOrOutsideAreOnlyUpstreams(int x0, int y0, int x1, int y1) {
    Prediction prediction = region(symbols(x0, y0, x1, y1));
    assertThat(prediction.isBox()).isFalse();
    assertThat(prediction.boxInImage()).isEmpty();
    assertThat(prediction.box()).contains(new Box(x0, y0, x1, y1));
  }

  @Test
  void symbolsThatAreNoBinsAreABoxOnlyForUpstream() {
    int before = dictionary.binId(0) - 1;
    for (int symbol : new int[] {Dictionary.BOS, before}) {
      Prediction prediction =
          region(List.of(dictionary.binId(0), dictionary.binId(0), symbol, dictionary.binId(9)));
      assertThat(prediction.boxInImage()).isEmpty();
      assertThat(prediction.box()).isPresent();
    }
  }

  @Test
  void otherThanFourSymbolsAreNoBox() {
    assertThat(region(symbols(1, 2, 3)).box()).isEmpty();
    assertThat(region(symbols(1, 2, 3)).isBox()).isFalse();
    assertThat(region(symbols(1, 2, 3, 4, 5)).boxInImage()).isEmpty();
    assertThat(reader.caption(List.of(Dictionary.EOS), 0).isBox()).isFalse();
  }
}
