package org.ofaspark.metric;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Cuts captions into the tokens on which the caption metrics are defined.
 *
 * <p>BLEU, ROUGE-L and CIDEr of the COCO caption evaluation are computed on Penn Treebank tokens,
 * lower-cased and without punctuation. This tokenizer follows the observable behaviour of {@code
 * PTBTokenizer} of Stanford CoreNLP 3.4.1 with {@code -preserveLines -lowerCase}, each caption on
 * its own: a caption runs through a table of rules ({@link PtbRules}), the longest match wins.
 *
 * <p>Facts that surprise: round brackets survive the removal of punctuation as {@code -lrb-} and
 * {@code -rrb-}; {@code 22 3/4} is one token with a no-break space inside; characters that no rule
 * knows, emoji among them, leave nothing. A text costs linear time, whatever it holds. Safe for use
 * by several threads.
 */
public final class PtbTokenizer {

  /** The tokens that the evaluation drops. */
  private static final Set<String> PUNCTUATION =
      Set.of(
          "''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-", ".", "?", "!", ",", ":", "-",
          "--", "...", ";");

  /** Words of letters that are two tokens. */
  private static final Set<String> CONTRACTED =
      Set.of("cannot", "gonna", "gotta", "lemme", "gimme", "wanna");

  private static final int SHORTEST_CONTRACTED = 5;

  private PtbTokenizer() {}

  /**
   * Returns a caption as the metrics read it: its tokens without punctuation, joined by blanks.
   *
   * @param caption any text
   * @return the text that {@link CaptionWords} cuts into words; empty if nothing is left
   */
  public static String normalize(String caption) {
    StringBuilder normal = new StringBuilder(caption.length() + 8);
    for (String token : tokens(caption)) {
      if (isLetter(token.charAt(0)) || !PUNCTUATION.contains(token)) {
        if (!normal.isEmpty()) {
          normal.append(' ');
        }
        normal.append(token);
      }
    }
    return normal.toString();
  }

  /**
   * Returns all tokens of a caption, punctuation included.
   *
   * @param caption any text
   * @return the tokens in order, lower-cased, none of them empty
   */
  public static List<String> tokens(String caption) {
    String text = prepared(caption) + "\n";
    List<String> tokens = new ArrayList<>(text.length() / 4 + 1);
    int last = text.length() - 2;
    int at = 0;
    while (at < text.length()) {
      char c = text.charAt(at);
      if (Character.isWhitespace(c)) {
        at++;
        continue;
      }
      if (c == '.' && at == last) {
        tokens.add("."); // what most captions end with, and no rule makes more of it
        break;
      }
      int wordEnd = isLetter(c) ? endOfPlainWord(text, at) : at;
      if (wordEnd == at) {
        at = PtbRules.next(text, at, tokens);
        continue;
      }
      tokens.add(text.substring(at, wordEnd).toLowerCase(Locale.ROOT));
      at = wordEnd;
    }
    return tokens;
  }

  /**
   * Finds the end of a word that needs no rule, the short cut that nine of ten tokens take.
   *
   * <p>Letters, also with single hyphens between them, that end at white space are one token; so
   * they are before a comma or full stop that ends at white space, unless they may be an
   * abbreviation.
   *
   * @return the end, or {@code from} if the rules must decide
   */
  private static int endOfPlainWord(String text, int from) {
    int end = from + 1;
    while (isLetter(text.charAt(end))
        || (text.charAt(end) == '-' && isLetter(text.charAt(end + 1)))) {
      end++;
    }
    char next = text.charAt(end);
    boolean markBehind =
        (next == '.' || next == ',') && Character.isWhitespace(text.charAt(end + 1));
    if (!markBehind && !Character.isWhitespace(next)) {
      return from;
    }
    String word = text.substring(from, end);
    if (next == '.' && PtbAbbreviations.mayKeepStop(word)) {
      return from;
    }
    boolean isLongEnough = word.length() >= SHORTEST_CONTRACTED;
    return isLongEnough && CONTRACTED.contains(word.toLowerCase(Locale.ROOT)) ? from : end;
  }

  private static boolean isLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }

  /** Puts a caption on one line and resolves the entities for which the rules have no place. */
  private static String prepared(String caption) {
    String line = caption.replace('\n', ' ');
    if (line.indexOf('&') < 0) {
      return line;
    }
    return line.replace("&nbsp;", " ")
        .replace("&apos;", "'")
        .replace("&quot;", "\"")
        .replace("&amp;", "&");
  }
}
