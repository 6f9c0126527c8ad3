package org.ofaspark.optim;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LossScaleTest {

  @Test
  void doublesAfterAWindowWithoutOverflow() {
    LossScale scale = new LossScale(128, 3, 0);
    scale = scale.afterUpdate().afterUpdate();
    assertThat(scale.value()).isEqualTo(128);
    scale = scale.afterUpdate();
    assertThat(scale).isEqualTo(new LossScale(256, 3, 0));
  }

  @Test
  void overflowHalvesItAndStartsTheWindowAgain() {
    LossScale scale = new LossScale(128, 3, 0).afterUpdate().afterUpdate().afterOverflow();
    assertThat(scale).isEqualTo(new LossScale(64, 3, 0));
    assertThat(scale.afterUpdate().afterUpdate().value()).isEqualTo(64);
    assertThat(scale.afterUpdate().afterUpdate().afterUpdate().value()).isEqualTo(128);
  }

  @Test
  void staysAboveTheSmallestScaleOfUpstream() {
    LossScale scale = new LossScale(128, 512, 0);
    int overflows = 0;
    while (scale.canShrink()) {
      scale = scale.afterOverflow();
      overflows++;
    }
    assertThat(overflows).isEqualTo(20);
    assertThat(scale.value()).isGreaterThan(1e-4).isLessThan(2e-4);
  }

  @Test
  void noScalingStaysNoScaling() {
    LossScale none = LossScale.NONE;
    assertThat(none.afterUpdate()).isEqualTo(none);
    assertThat(none.afterOverflow()).isEqualTo(none);
    assertThat(none.resumed(256, 7)).isEqualTo(none);
    assertThat(none.canShrink()).isFalse();
  }

  @Test
  void goesOnWhereAnEarlierPartOfTheRunStopped() {
    LossScale scale = new LossScale(128, 512, 0).resumed(64, 511);
    assertThat(scale.afterUpdate()).isEqualTo(new LossScale(128, 512, 0));
  }
}
