package org.ofaspark.image;

import org.jspecify.annotations.Nullable;

/** Says that the bytes of an image cannot be turned into pixels, and why. */
public final class BadImageException extends RuntimeException {

  /** What is wrong with an image. */
  public enum Reason {
    /** The bytes start like no image format known here. */
    NOT_AN_IMAGE,
    /** An image, but of a format or a variant that is not decoded. */
    UNSUPPORTED_FORMAT,
    /** The bytes end before the format's end marker. */
    TRUNCATED,
    /** The header states more pixels, or a longer side, than the limits allow. */
    TOO_MANY_PIXELS,
    /** There are more bytes than the limits allow. */
    TOO_MANY_BYTES,
    /** The bytes break the rules of their format, or hold less than the header states. */
    CORRUPT
  }

  private final Reason reason;

  BadImageException(Reason reason, String message) {
    this(reason, message, null);
  }

  BadImageException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** Returns what is wrong. */
  public Reason reason() {
    return reason;
  }
}
