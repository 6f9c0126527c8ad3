package org.ofaspark.tensor;

/** The floating-point types that a network can compute in. */
public enum FloatType {
  /** 32 bits: 8 of exponent, 23 of mantissa. */
  FLOAT32,
  /** 16 bits with the exponent of {@link #FLOAT32}: 8 and 7. */
  BFLOAT16,
  /** 16 bits of IEEE 754: 5 and 10; the largest number is 65,504. */
  FLOAT16
}
