package org.ofaspark.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class NormalizationTest {

  @Test
  void halfMapsBytesToMinusOneToOneColourByColour() {
    RgbImage image = RgbImage.of(2, 1, new byte[] {0, (byte) 255, 51, (byte) 255, 0, 102});
    assertThat(Normalization.HALF.apply(image))
        .containsExactly(-1, 1, 1, -1, (51 / 255f - 0.5f) / 0.5f, (102 / 255f - 0.5f) / 0.5f);
  }

  @Test
  void imagenetHasItsOwnMeanAndDeviationForEachColour() {
    RgbImage black = RgbImage.of(1, 1, new byte[3]);
    assertThat(Normalization.IMAGENET.apply(black))
        .containsExactly(-0.485f / 0.229f, -0.456f / 0.224f, -0.406f / 0.225f);
  }

  @Test
  void imagesKeepTheirOwnCopyOfThePixels() {
    byte[] rgb = {1, 2, 3};
    RgbImage image = RgbImage.of(1, 1, rgb);
    rgb[0] = 9;
    image.toBytes()[1] = 9;
    assertThat(image.toBytes()).containsExactly(1, 2, 3);
  }

  @Test
  void imagesOfTheWrongLengthAreRefused() {
    assertThatThrownBy(() -> RgbImage.of(2, 2, new byte[11]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "image: 2 x 2 pixels, 11 bytes (expected: at least 1 x 1, three bytes a pixel)");
  }
}
