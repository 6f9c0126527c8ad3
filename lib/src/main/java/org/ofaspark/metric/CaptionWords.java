package org.ofaspark.metric;

import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a caption into the words that the scorers compare.
 *
 * <p>The reference implementations do this in two ways, which differ where a token holds a no-break
 * space ({@link PtbTokenizer} writes {@code 22 3/4} so) and where a text is empty.
 */
public final class CaptionWords {

  private CaptionWords() {}

  /**
   * Cuts at white space of any kind and length, as BLEU and CIDEr do.
   *
   * @param caption a caption in the form of {@link PtbTokenizer#normalize}, or upstream's caption
   *     without punctuation
   * @return the words, none of them empty; no words if there is nothing but white space
   */
  public static List<String> atWhiteSpace(String caption) {
    List<String> words = new ArrayList<>(caption.length() / 5 + 1);
    int start = -1;
    for (int i = 0; i < caption.length(); i++) {
      if (isWhiteSpace(caption.charAt(i))) {
        if (start >= 0) {
          words.add(caption.substring(start, i));
        }
        start = -1;
      } else if (start < 0) {
        start = i;
      }
    }
    if (start >= 0) {
      words.add(caption.substring(start));
    }
    return words;
  }

  /**
   * Cuts at every single blank, as ROUGE-L does.
   *
   * @param caption a caption in the form of {@link PtbTokenizer#normalize}
   * @return at least one word; an empty one before, after and between blanks, and for an empty text
   */
  public static List<String> atBlanks(String caption) {
    List<String> words = new ArrayList<>(caption.length() / 5 + 1);
    int start = 0;
    for (int blank = caption.indexOf(' '); blank >= 0; blank = caption.indexOf(' ', start)) {
      words.add(caption.substring(start, blank));
      start = blank + 1;
    }
    words.add(caption.substring(start));
    return words;
  }

  /** Tells whether both ways of cutting a caption give the same words, at least one. */
  static boolean hasSingleBlanksOnly(String caption) {
    boolean isBehindWord = false;
    for (int i = 0; i < caption.length(); i++) {
      char c = caption.charAt(i);
      boolean isWord = !isWhiteSpace(c);
      if (!isWord && !(c == ' ' && isBehindWord)) {
        return false;
      }
      isBehindWord = isWord;
    }
    return isBehindWord;
  }

  /** Tells what Python calls white space: no-break spaces and the next-line character too. */
  private static boolean isWhiteSpace(char c) {
    if (c > ' ' && c <= '~') {
      return false;
    }
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
  }
}
