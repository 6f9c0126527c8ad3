package org.ofaspark.image;

/** How pixel values are shifted and scaled before a model sees them: (v / 255 - mean) / std. */
public enum Normalization {
  /** Mean and deviation 0.5 for every colour: -1 to 1, what upstream's scripts use. */
  HALF,
  /** Those of ImageNet: upstream's {@code --imagenet-default-mean-and-std}. */
  IMAGENET;

  /** Returns the means of red, green and blue. */
  private float[] mean() {
    return switch (this) {
      case HALF -> new float[] {0.5f, 0.5f, 0.5f};
      case IMAGENET -> new float[] {0.485f, 0.456f, 0.406f};
    };
  }

  /** Returns the standard deviations of red, green and blue. */
  private float[] std() {
    return switch (this) {
      case HALF -> new float[] {0.5f, 0.5f, 0.5f};
      case IMAGENET -> new float[] {0.229f, 0.224f, 0.225f};
    };
  }

  /**
   * Returns the pixels of an image as a model takes them, computed in float32 as upstream does.
   *
   * @param image an image, already resized
   * @return shape (3, height, width), row-major: all red, then all green, then all blue
   */
  public float[] apply(RgbImage image) {
    byte[] rgb = image.rgb();
    int pixels = image.width() * image.height();
    float[] values = new float[3 * pixels];
    float[] mean = mean();
    float[] std = std();
    float[] normalized = new float[256];
    for (int c = 0; c < 3; c++) {
      for (int level = 0; level < normalized.length; level++) {
        normalized[level] = (level / 255f - mean[c]) / std[c];
      }
      for (int i = 0; i < pixels; i++) {
        values[c * pixels + i] = normalized[rgb[3 * i + c] & 0xFF];
      }
    }
    return values;
  }
}
