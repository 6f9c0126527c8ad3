package org.ofaspark.tensor;

/** What a network computes in; parameters, losses and scores are float32 at all times. */
public enum Precision {
  /** float32. */
  FP32(FloatType.FLOAT32),
  /** bfloat16. */
  BF16(FloatType.BFLOAT16),
  /** float16; training has a dynamic loss scale. */
  FP16(FloatType.FLOAT16);

  private final FloatType type;

  Precision(FloatType type) {
    this.type = type;
  }

  /** Returns the type that passes compute in. */
  public FloatType type() {
    return type;
  }
}
