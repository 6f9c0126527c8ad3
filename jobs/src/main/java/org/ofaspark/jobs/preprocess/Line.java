package org.ofaspark.jobs.preprocess;

/** A line of a file, or, of a line that is too long, its beginning. */
final class Line {

  private final long number;
  private final byte[] bytes;
  private final long length;

  /**
   * Creates a line.
   *
   * @param number its number in the file, counted from 1
   * @param bytes the line without its end, or the first bytes of it
   * @param length how many bytes the line has
   */
  Line(long number, byte[] bytes, long length) {
    this.number = number;
    this.bytes = bytes;
    this.length = length;
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
}
