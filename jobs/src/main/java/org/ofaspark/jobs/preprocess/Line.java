package org.ofaspark.jobs.preprocess;

import java.nio.charset.StandardCharsets;

/** A line of a file, or, of a line that is too long, its beginning. */
final class Line {

  private final String file;
  private final long number;
  private final byte[] bytes;
  private final long length;

  /**
   * Creates a line.
   *
   * @param file the file's path
   * @param number the line's number in it, counted from 1
   * @param bytes the line without its end, or the first bytes of it
   * @param length how many bytes the line has
   */
  Line(String file, long number, byte[] bytes, long length) {
    this.file = file;
    this.number = number;
    this.bytes = bytes;
    this.length = length;
  }

  /** Returns the path of the line's file. */
  String file() {
    return file;
  }

  /** Returns the line's number in its file, counted from 1. */
  long number() {
    return number;
  }

  /** Returns the line without its end; of one that is not whole, the first bytes. */
  byte[] bytes() {
    return bytes;
  }

  /** Returns how many bytes the line has. */
  long length() {
    return length;
  }

  /** Tells whether all of the line is here. */
  boolean isWhole() {
    return length == bytes.length;
  }

  /**
   * Returns the beginning of the line as text, with U+FFFD for what is none.
   *
   * @param limit most bytes
   */
  String beginning(int limit) {
    return new String(bytes, 0, Math.min(limit, bytes.length), StandardCharsets.UTF_8);
  }
}
