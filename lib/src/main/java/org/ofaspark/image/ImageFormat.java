package org.ofaspark.image;

/** The formats that {@link ImageDecoder} decodes. */
public enum ImageFormat {
  /** Baseline, extended or progressive JPEG with Huffman coding and 8 bits a sample. */
  JPEG,
  /** PNG of any kind; of an animation, the default image. */
  PNG
}
