package org.ofaspark.image;

/** Limits for tests: above any photo, below what hurts. */
public final class PhotoLimits {

  /** 50 megapixels, 64 MiB, 20,000 pixels a side. */
  public static final ImageLimits PHOTOS = new ImageLimits(50_000_000, 64 << 20, 20_000);

  private PhotoLimits() {}
}
