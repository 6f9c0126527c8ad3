package org.ofaspark.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class BoxBinsTest {

  private final BoxBins bins = new BoxBins(512, 512, 1000);

  @Test
  void wholeImageSpansAllBins() {
    ResizeRatios ratios = bins.ratios(640, 256);
    Box whole = Box.of(0, 0, 640, 256);
    assertThat(bins.quantize(whole, ratios)).containsExactly(0, 0, 999, 999);
    assertThat(bins.dequantize(new int[] {0, 0, 999, 999}, ratios)).isEqualTo(whole);
  }

  @Test
  void halvesRoundToTheEvenBin() {
    BoxBins coarse = new BoxBins(1, 1, 3);
    assertThat(coarse.quantize(new Box(0.25f, 0.75f, 0.2501f, 0.7499f), coarse.ratios(1, 1)))
        .containsExactly(0, 2, 1, 1);
  }

  @Test
  void imagesAreStretchedInEachDirectionAlone() {
    ResizeRatios ratios = bins.ratios(1024, 256);
    assertThat(ratios).isEqualTo(new ResizeRatios(0.5f, 2));
    assertThat(bins.normalized(Box.of(256, 64, 512, 128), ratios))
        .isEqualTo(new Box(0.25f, 0.25f, 0.5f, 0.5f));
  }

  @Test
  void smallerPatchesLeaveTheUpperBinsUnused() {
    BoxBins small = new BoxBins(256, 512, 1001);
    assertThat(small.quantize(Box.of(0, 0, 100, 100), small.ratios(100, 100)))
        .containsExactly(0, 0, 500, 500);
  }

  @Test
  void boxesOutsideTheImageFallOutsideTheBins() {
    assertThat(bins.quantize(Box.of(-10, 0, 100, 120), bins.ratios(100, 100)))
        .containsExactly(-100, 0, 999, 1199);
  }

  @Test
  void everyBinComesBackFromItsBox() {
    ResizeRatios ratios = bins.ratios(333, 77);
    for (int bin = 0; bin < bins.numBins(); bin++) {
      int[] edges = {bin, bin, bin, bin};
      assertThat(bins.quantize(bins.dequantize(edges, ratios), ratios)).containsExactly(edges);
    }
  }

  @Test
  void dequantizeWantsFourBins() {
    assertThatThrownBy(() -> bins.dequantize(new int[3], bins.ratios(1, 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("bins: 3 (expected: 4, for left, top, right, bottom)");
  }

  @Test
  void oneBinIsRefused() {
    assertThatThrownBy(() -> new BoxBins(512, 512, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "patch-image-size, max-image-size, num-bins: 512, 512, 1"
                + " (expected: at least 1, 1, 2)");
  }

  @Test
  void boxesOutOfOrderAreRefused() {
    assertThatThrownBy(() -> Box.of(5, 0, 4, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "box: 5.0,0.0,4.0,1.0 (expected: finite, left before right, top before bottom)");
  }

  @Test
  void boxesThatAreNoNumbersAreRefused() {
    assertThatThrownBy(() -> Box.of(0, Float.NaN, 4, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("box: 0.0,NaN,4.0,1.0 (expected: finite");
  }
}
