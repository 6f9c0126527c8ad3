package org.ofaspark.checkpoint;

/** Text of unknown origin, as messages show it: short and on one line. */
final class Shown {

  private static final int MAX_CHARS = 200;

  private Shown() {}

  /**
   * Returns a text without control characters, its end left out if it is long.
   *
   * @param text any text
   */
  static String text(String text) {
    String start = text.length() > MAX_CHARS ? text.substring(0, MAX_CHARS) + "..." : text;
    return start.replaceAll("\\p{Cntrl}", "?");
  }
}
