package org.ofaspark.task.refcoco;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.ofaspark.data.DataConfig;
import org.ofaspark.data.Fields;
import org.ofaspark.generate.Hypothesis;
import org.ofaspark.image.Box;
import org.ofaspark.image.ResizeRatios;
import org.ofaspark.task.Generated;
import org.ofaspark.text.BytePairEncoding;
import org.ofaspark.text.Dictionary;
import org.ofaspark.text.TokenCodec;

class RefcocoTaskTest {

  private final Dictionary dictionary =
      Dictionary.ofCounts(Map.of("64", 1L)).withTaskSymbols(0, 101);
  private final TokenCodec codec = new TokenCodec(BytePairEncoding.gpt2(), dictionary);
  private final DataConfig config =
      new DataConfig(List.of(0, 1, 2, 3), 4, 0, 80, 20, 50, 100, 101, 0, false);

  private Fields region(List<Integer> tokens) {
    List<Integer> ended = new ArrayList<>(tokens);
    ended.add(Dictionary.EOS);
    ResizeRatios ratios = config.boxBins().ratios(50, 50);
    return new RefcocoTask()
        .predict(new Generated(List.of(new Hypothesis(ended, 0, List.of())), ratios, codec, config))
        .own();
  }

  private List<Integer> symbols(int... numbers) {
    return Arrays.stream(numbers).map(dictionary::binId).boxed().toList();
  }

  @Test
  void fourBinsInOrderAreABox() {
    Fields answer = region(symbols(1, 2, 25, 50));
    assertThat(answer.get(RefcocoTask.IS_BOX)).isTrue();
    assertThat(RefcocoTask.boxInImage(answer)).isEqualTo(new Box(1, 2, 25, 50));
    assertThat(answer.get(RefcocoTask.BOX)).containsExactly(1f, 2f, 25f, 50f);
  }

  @ParameterizedTest
  @CsvSource({"25,2,1,50", "1,50,25,2", "1,2,1,50", "1,2,25,2", "50,2,75,50", "1,51,25,75"})
  void boxesThatAreInvertedEmptyOrOutsideAreOnlyUpstreams(int x0, int y0, int x1, int y1) {
    Fields answer = region(symbols(x0, y0, x1, y1));
    assertThat(answer.get(RefcocoTask.IS_BOX)).isFalse();
    assertThat(RefcocoTask.boxInImage(answer)).isNull();
    assertThat(answer.get(RefcocoTask.BOX))
        .containsExactly((float) x0, (float) y0, (float) x1, (float) y1);
  }

  @Test
  void symbolsThatAreNoBinsAreABoxOnlyForUpstream() {
    int before = dictionary.binId(0) - 1;
    for (int symbol : new int[] {Dictionary.BOS, before}) {
      Fields answer =
          region(List.of(dictionary.binId(0), dictionary.binId(0), symbol, dictionary.binId(9)));
      assertThat(RefcocoTask.boxInImage(answer)).isNull();
      assertThat(answer.get(RefcocoTask.BOX)).hasSize(4);
    }
  }

  @Test
  void otherThanFourSymbolsAreNoBox() {
    assertThat(region(symbols(1, 2, 3)).get(RefcocoTask.BOX)).isNull();
    assertThat(region(symbols(1, 2, 3)).get(RefcocoTask.IS_BOX)).isFalse();
    assertThat(RefcocoTask.boxInImage(region(symbols(1, 2, 3, 4, 5)))).isNull();
  }
}
