package org.ofaspark.config;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256, which identifies files and settings. */
public final class Sha256 {

  private Sha256() {}

  /** Returns a digest that has seen nothing. */
  public static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("SHA-256: missing (expected: in every Java runtime)", e);
    }
  }

  /**
   * Returns the SHA-256 of bytes, in hexadecimal.
   *
   * @param bytes all of them
   */
  public static String of(byte[] bytes) {
    return HexFormat.of().formatHex(digest().digest(bytes));
  }

  /**
   * Ends a digest and returns it in hexadecimal.
   *
   * @param digest has seen all bytes; begins anew
   */
  public static String end(MessageDigest digest) {
    return HexFormat.of().formatHex(digest.digest());
  }
}
