package org.ofaspark.metric;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MeanScoreTest {

  @Test
  void partsMergeToTheMeanOfAll() {
    MeanScore left = MeanScore.EMPTY.plus(1).plus(2);
    MeanScore right = MeanScore.EMPTY.plus(6);

    assertThat(left.plus(right)).isEqualTo(new MeanScore(9, 3));
    assertThat(left.plus(right).mean()).isEqualTo(3);
  }

  @Test
  void meanOfNothingIsZero() {
    assertThat(MeanScore.EMPTY.mean()).isZero();
  }
}
