package org.ofaspark.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The string functions of Python that upstream's clean-ups are made of, where Java's differ.
 *
 * <p>Python counts more characters as white space than {@link Character#isWhitespace} (no-break
 * spaces, U+0085), deletes ASCII punctuation only, and looks for the end of a word differently when
 * it lowers a capital sigma.
 */
final class PythonText {

  private PythonText() {}

  /** Tells whether {@code str.isspace} holds for a character. */
  static boolean isSpace(int c) {
    return (c >= 0x09 && c <= 0x0D)
        || (c >= 0x1C && c <= 0x20)
        || c == 0x85
        || c == 0xA0
        || c == 0x1680
        || (c >= 0x2000 && c <= 0x200A)
        || c == 0x2028
        || c == 0x2029
        || c == 0x202F
        || c == 0x205F
        || c == 0x3000;
  }

  /** Returns the parts between runs of white space, none of them empty, as {@code str.split()}. */
  static List<String> split(String text) {
    List<String> words = new ArrayList<>();
    int start = 0;
    for (int i = 0; i <= text.length(); i++) {
      if (i == text.length() || isSpace(text.charAt(i))) {
        if (i > start) {
          words.add(text.substring(start, i));
        }
        start = i + 1;
      }
    }
    return words;
  }

  /** Removes white space at both ends, as {@code str.strip()}. */
  static String strip(String text) {
    int start = 0;
    int end = text.length();
    while (start < end && isSpace(text.charAt(start))) {
      start++;
    }
    while (end > start && isSpace(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(start, end);
  }

  /** Removes characters of a set from the start, as {@code str.lstrip(set)}. */
  static String stripStart(String text, String set) {
    int start = 0;
    while (start < text.length() && set.indexOf(text.charAt(start)) >= 0) {
      start++;
    }
    return text.substring(start);
  }

  /** Removes characters of a set from the end, as {@code str.rstrip(set)}. */
  static String stripEnd(String text, String set) {
    int end = text.length();
    while (end > 0 && set.indexOf(text.charAt(end - 1)) >= 0) {
      end--;
    }
    return text.substring(0, end);
  }

  /** Removes the 32 characters of {@code string.punctuation}, all of them ASCII. */
  static String withoutPunctuation(String text) {
    StringBuilder kept = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean punctuation =
          (c > ' ' && c < '0')
              || (c > '9' && c < 'A')
              || (c > 'Z' && c < 'a')
              || (c > 'z' && c < 0x7F);
      if (!punctuation) {
        kept.append(c);
      }
    }
    return kept.toString();
  }

  /** Replaces each run of two or more white space characters by one blank; a single one stays. */
  static String collapseRuns(String text) {
    StringBuilder result = new StringBuilder(text.length());
    int i = 0;
    while (i < text.length()) {
      int end = i;
      while (end < text.length() && isSpace(text.charAt(end))) {
        end++;
      }
      if (end - i >= 2) {
        result.append(' ');
        i = end;
      } else {
        result.append(text.charAt(i));
        i++;
      }
    }
    return result.toString();
  }

  /** Lowers a text, as {@code str.lower()}. */
  static String lower(String text) {
    if (text.indexOf('Σ') < 0) {
      return text.toLowerCase(Locale.ROOT);
    }
    StringBuilder result = new StringBuilder(text);
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) == 'Σ') {
        result.setCharAt(i, endsWord(text, i) ? 'ς' : 'σ');
      }
    }
    return result.toString().toLowerCase(Locale.ROOT);
  }

  /** Tells whether a cased letter stands before, but none after, case-ignorables left out. */
  private static boolean endsWord(String text, int index) {
    int before = index;
    while (before > 0 && isCaseIgnorable(text.codePointBefore(before))) {
      before = text.offsetByCodePoints(before, -1);
    }
    if (before == 0 || !isCased(text.codePointBefore(before))) {
      return false;
    }
    int after = index + 1;
    while (after < text.length() && isCaseIgnorable(text.codePointAt(after))) {
      after = text.offsetByCodePoints(after, 1);
    }
    return after == text.length() || !isCased(text.codePointAt(after));
  }

  private static boolean isCased(int c) {
    return Character.isLowerCase(c) || Character.isUpperCase(c) || Character.isTitleCase(c);
  }

  private static boolean isCaseIgnorable(int c) {
    return switch (Character.getType(c)) {
      case Character.NON_SPACING_MARK,
          Character.ENCLOSING_MARK,
          Character.FORMAT,
          Character.MODIFIER_LETTER,
          Character.MODIFIER_SYMBOL ->
          true;
      default ->
          "'.:\u00B7\u0387\u055F\u05F4\u2018\u2019\u2024\u2027".indexOf(c) >= 0
              || "\uFE13\uFE52\uFE55\uFF07\uFF0E\uFF1A".indexOf(c) >= 0;
    };
  }

  /**
   * Reads UTF-8 with one U+FFFD for each longest wrong piece, as {@code errors="replace"}.
   *
   * <p>Java does the same but for an encoded surrogate, of which it makes one piece instead of one
   * for each byte; a leading byte that never is one makes the pieces fall as in Python.
   */
  static String decodeUtf8(byte[] bytes) {
    byte[] copy = bytes.clone();
    for (int i = 0; i + 1 < copy.length; i++) {
      if (copy[i] == (byte) 0xED && (copy[i + 1] & 0xFF) >= 0xA0 && (copy[i + 1] & 0xFF) < 0xC0) {
        copy[i] = (byte) 0xFF;
      }
    }
    return new String(copy, StandardCharsets.UTF_8);
  }
}
