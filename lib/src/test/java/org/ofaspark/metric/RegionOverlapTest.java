package org.ofaspark.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.ofaspark.image.Box;

class RegionOverlapTest {

  private final Box reference = new Box(0, 0, 10, 10);

  @Test
  void iouIsIntersectionOverUnion() {
    assertThat(RegionOverlap.iou(new Box(5, 0, 15, 10), reference))
        .isCloseTo(50 / 150.0, within(1e-15));
    assertThat(RegionOverlap.iou(reference, reference)).isEqualTo(1);
  }

  @Test
  void regionsApartHaveNoOverlap() {
    Box apart = new Box(20, 20, 30, 30);

    assertThat(RegionOverlap.iou(apart, reference)).isZero();
    assertThat(RegionOverlap.reaches(apart, reference, 0)).isFalse();
  }

  @Test
  void regionsThatTouchHaveNoOverlap() {
    assertThat(RegionOverlap.iou(new Box(10, 0, 20, 10), reference)).isZero();
    assertThat(RegionOverlap.reaches(new Box(10, 0, 20, 10), reference, 0)).isFalse();
  }

  @Test
  void overlapOfExactlyTheThresholdFailsForTheEpsilonInTheUnion() {
    // Small regions, so that 1e-6 is not lost in float32.
    Box unit = new Box(0, 0, 1, 1);
    Box half = new Box(0, 0, 0.5f, 1);

    assertThat(RegionOverlap.iou(half, unit)).isEqualTo(0.5);
    assertThat(RegionOverlap.reaches(half, unit, 0.5f)).isFalse();
    assertThat(RegionOverlap.reaches(new Box(0, 0, 0.51f, 1), unit, 0.5f)).isTrue();
  }

  @Test
  void regionInsideOutOrNotANumberIsNoHit() {
    Box insideOut = new Box(10, 10, 0, 0);
    Box undefined = new Box(Float.NaN, 0, 10, 10);

    assertThat(RegionOverlap.iou(insideOut, reference)).isZero();
    assertThat(RegionOverlap.reaches(insideOut, reference, 0.5f)).isFalse();
    assertThat(RegionOverlap.iou(undefined, reference)).isZero();
    assertThat(RegionOverlap.reaches(undefined, reference, 0.5f)).isFalse();
  }

  @Test
  void accuracyIsTheShareOfHitsAndMeanIouTheMean() {
    RefcocoAccuracy hit = RefcocoAccuracy.of(reference, reference);
    RefcocoAccuracy miss = RefcocoAccuracy.of(new Box(5, 0, 15, 10), reference);
    RefcocoAccuracy both = RefcocoAccuracy.EMPTY.plus(hit).plus(miss);

    assertThat(both.accuracy()).isEqualTo(0.5);
    assertThat(both.meanIou()).isCloseTo((1 + 1 / 3.0) / 2, within(1e-15));
    assertThat(RefcocoAccuracy.EMPTY.accuracy()).isZero();
    assertThat(RefcocoAccuracy.EMPTY.meanIou()).isZero();
  }
}
