package org.ofaspark.config;

/**
 * A walk over the characters of a HOCON text that steps over quoted texts and comments, whether the
 * text is well formed or not.
 */
final class HoconText {

  private static final String TRIPLE = "\"\"\"";

  private final String text;
  private int at;
  private int line = 1;

  /** Starts at the first character. */
  HoconText(String text) {
    this.text = text;
    skip();
  }

  /** Tells whether the walk is over. */
  boolean atEnd() {
    return at >= text.length();
  }

  /** Returns the character at hand, which is in no quotes and no comment. */
  char current() {
    return text.charAt(at);
  }

  /** Returns the line of the character at hand, counted from 1. */
  int line() {
    return line;
  }

  /** Goes on to the next such character. */
  void next() {
    step();
    skip();
  }

  private void skip() {
    while (!atEnd()) {
      if (text.charAt(at) == '"') {
        skipQuoted();
      } else if (text.charAt(at) == '#' || text.startsWith("//", at)) {
        skipTo(text.indexOf('\n', at));
        return; // the end of the line counts
      } else {
        return;
      }
    }
  }

  private void skipQuoted() {
    if (text.startsWith(TRIPLE, at)) {
      int end = text.indexOf(TRIPLE, at + TRIPLE.length());
      skipTo(end < 0 ? end : end + TRIPLE.length());
      return;
    }
    step();
    while (!atEnd() && text.charAt(at) != '"') {
      if (text.charAt(at) == '\n') {
        return; // a quote is missing, which the parser tells
      }
      if (text.charAt(at) == '\\') {
        step();
      }
      step();
    }
    step();
  }

  private void skipTo(int end) {
    int target = end < 0 ? text.length() : end;
    while (at < target) {
      step();
    }
  }

  private void step() {
    if (!atEnd() && text.charAt(at) == '\n') {
      line++;
    }
    at++;
  }
}
