package org.ofaspark.format;

import java.util.regex.Pattern;

/** Text of unknown origin, as messages show it: short and on one line. */
public final class Printable {

  private static final int MAX_CHARS = 200;

  /** Controls and separators of lines, in all of Unicode. */
  private static final Pattern UNSEEN = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]");

  private Printable() {}

  /**
   * Returns a text without control characters, its end left out if it is long.
   *
   * @param text any text
   */
  public static String text(String text) {
    String start = text.length() > MAX_CHARS ? text.substring(0, MAX_CHARS) + "..." : text;
    return UNSEEN.matcher(start).replaceAll("?");
  }
}
