package org.ofaspark.image;

/**
 * What the samples of a JPEG file mean, and the way from there to red, green and blue.
 *
 * <p>Luminance and differences are converted as in libjpeg: BT.601 in 16-bit fixed point. Cyan,
 * magenta, yellow and black are converted as in Pillow, which takes every file to store them
 * inverted, as Adobe does, and mixes them without a colour profile.
 */
enum JpegColor {
  /** One sample a pixel. */
  GRAY(1),
  /** Luminance Y and the differences Cb, Cr. */
  YCBCR(3),
  /** Red, green, blue. */
  RGB(3),
  /** Cyan, magenta, yellow, black, all inverted. */
  CMYK(4),
  /** Inverted black, and before it Y, Cb, Cr of the three other inks. */
  YCCK(4);

  private static final int HALF = 1 << 15;

  /** What a step of Cr or Cb adds to red, green and blue, times 2^16. */
  private static final int RED_BY_CR = 91_881;

  private static final int GREEN_BY_CR = -46_802;
  private static final int GREEN_BY_CB = -22_554;
  private static final int BLUE_BY_CB = 116_130;

  private final int components;

  JpegColor(int components) {
    this.components = components;
  }

  /**
   * Converts samples to red, green and blue.
   *
   * @param samples shape (pixels, components); is overwritten
   * @return shape (pixels, 3); may be {@code samples}
   */
  byte[] toRgb(byte[] samples) {
    return switch (this) {
      case GRAY -> tripled(samples);
      case RGB -> samples;
      case YCBCR -> {
        convertFromYcc(samples);
        yield samples;
      }
      case CMYK -> {
        invertInks(samples);
        yield mixed(samples);
      }
      case YCCK -> {
        convertFromYcc(samples);
        yield mixed(samples);
      }
    };
  }

  private static byte[] tripled(byte[] gray) {
    byte[] rgb = new byte[3 * gray.length];
    for (int i = 0; i < gray.length; i++) {
      rgb[3 * i] = gray[i];
      rgb[3 * i + 1] = gray[i];
      rgb[3 * i + 2] = gray[i];
    }
    return rgb;
  }

  private void convertFromYcc(byte[] samples) {
    for (int i = 0; i < samples.length; i += components) {
      int y = samples[i] & 0xFF;
      int cb = (samples[i + 1] & 0xFF) - 128;
      int cr = (samples[i + 2] & 0xFF) - 128;
      samples[i] = clip(y + ((RED_BY_CR * cr + HALF) >> 16));
      samples[i + 1] = clip(y + ((GREEN_BY_CB * cb + GREEN_BY_CR * cr + HALF) >> 16));
      samples[i + 2] = clip(y + ((BLUE_BY_CB * cb + HALF) >> 16));
    }
  }

  private static void invertInks(byte[] samples) {
    for (int i = 0; i < samples.length; i++) {
      if (i % 4 != 3) {
        samples[i] = (byte) ~samples[i];
      }
    }
  }

  /** Takes from the light that black leaves what each ink absorbs of it. */
  private static byte[] mixed(byte[] inks) {
    byte[] rgb = new byte[inks.length / 4 * 3];
    for (int pixel = 0; pixel < inks.length / 4; pixel++) {
      int light = inks[4 * pixel + 3] & 0xFF;
      for (int c = 0; c < 3; c++) {
        int product = (inks[4 * pixel + c] & 0xFF) * light + 128;
        rgb[3 * pixel + c] = (byte) (light - (((product >> 8) + product) >> 8));
      }
    }
    return rgb;
  }

  private static byte clip(int value) {
    return (byte) Math.max(0, Math.min(255, value));
  }
}
