package org.ofaspark.format;

/** The element types of safetensors files. */
public enum DType {
  /** 64-bit float. */
  F64(8),
  /** 32-bit float. */
  F32(4),
  /** 16-bit float, 5 bits of exponent. */
  F16(2),
  /** 16-bit float, 8 bits of exponent. */
  BF16(2),
  /** 64-bit signed integer. */
  I64(8),
  /** 32-bit signed integer. */
  I32(4),
  /** 16-bit signed integer. */
  I16(2),
  /** 8-bit signed integer. */
  I8(1),
  /** 64-bit unsigned integer. */
  U64(8),
  /** 32-bit unsigned integer. */
  U32(4),
  /** 16-bit unsigned integer. */
  U16(2),
  /** 8-bit unsigned integer. */
  U8(1),
  /** One byte, 0 or 1. */
  BOOL(1);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Returns the size of an element in bytes. */
  public int bytes() {
    return bytes;
  }
}
