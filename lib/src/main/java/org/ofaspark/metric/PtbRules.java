package org.ofaspark.metric;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The table of token rules behind {@link PtbTokenizer}.
 *
 * <p>At each place of the text the rule that matches the most characters wins, and of equals the
 * first in the table. A rule may look at what follows its token: then group 1 is the token, and the
 * context behind it counts for the length of the match but stays in the text. No rule looks back.
 * Case matters, since an abbreviation ends a sentence only before a capital; a token is lower-cased
 * when it leaves.
 */
final class PtbRules {

  private static final char NO_BREAK_SPACE = '\u00A0';
  private static final String SOFT_HYPHEN = "\u00AD";

  /** What a character that is a token by itself is called, where not by its own name. */
  private static final Map<String, String> NAMES =
      Map.ofEntries(
          Map.entry("(", "-lrb-"),
          Map.entry(")", "-rrb-"),
          Map.entry("[", "-lsb-"),
          Map.entry("]", "-rsb-"),
          Map.entry("{", "-lcb-"),
          Map.entry("}", "-rcb-"),
          Map.entry("\u00A2", "cents"),
          Map.entry("\u00A3", "#"),
          Map.entry("\u0080", "$"),
          Map.entry("\u00A4", "$"),
          Map.entry("\u20A0", "$"),
          Map.entry("\u20AC", "$"),
          Map.entry("\u00BC", "1/4"),
          Map.entry("\u00BD", "1/2"),
          Map.entry("\u00BE", "3/4"),
          Map.entry("\u2153", "1/3"),
          Map.entry("\u2154", "2/3"));

  private static final List<Rule> RULES =
      List.of(
          // Two words written as one: can|not, gon|na, got|ta, lem|me, gim|me, wan|na, 't|is.
          rule("((?i:can(?=not)|(?:go|wa)n(?=na)|got(?=ta)|(?:le|gi)m(?=me)))(?i:not|na|ta|me)"),
          rule("((?i:'t))(?i:is|was)"),
          rule("<tag>"),
          // Verbs and negations cut from their word, and the clitic where it ends a word.
          rule("(<word>)<clitic>"),
          rule("([A-Za-z]*[A-MO-Za-mo-z])<not>"),
          rule("<word>"),
          rule("<clipped>"),
          rule("<apostrophe>[nN]<apostrophe>"),
          rule("<elided>"),
          rule("<o-clock>"),
          rule("<k-nex>"),
          rule("<ma-am>"),
          rule("([yY]<apostrophe>)<letter>"),
          rule("(<clitic>)[^A-Za-z]", PtbRules::plainQuotes),
          rule("<not>", PtbRules::plainQuotes),
          // Addresses.
          rule("<url>"),
          rule("<mail>"),
          rule("@[a-zA-Z_][a-zA-Z_0-9]*+"),
          rule("#<letter>++"),
          // Numbers; '90s anywhere, '90 before white space.
          rule("<date>"),
          rule("<number>"),
          rule("<fraction>"),
          rule("<small-number>"),
          rule("<telephone>", PtbRules::roundBracketsNamed),
          rule("<apostrophe>[2-9]0[sS]"),
          rule("(<apostrophe>[0-9]{2})<break>"),
          rule("[A-Z]*+\\$"),
          // Fixed expressions.
          rule("(?i:pro-|anti-|cap<apostrophe>n|c<apostrophe>est|s&p-500|s&ls|c\\.d\\.s)"),
          rule("(?i:c\\+\\+|[cf]#)"),
          rule("(?i:-[lr][rcs]b-)"), // a bracket's name
          // An abbreviation that ends a sentence gives the sentence a stop of its own.
          sentenceEnd(
              "(<abbreviation>)(?:<break>(?:<break>|\\p{Lu}|<tag>)|<break>?\\z)",
              PtbAbbreviations::isStoppedEnding),
          rule(
              "(<abbreviation>)(?s:..)",
              PtbAbbreviations::isStoppedEnding,
              UnaryOperator.identity()),
          rule("<abbreviation>", PtbAbbreviations::isStoppedTitle, UnaryOperator.identity()),
          rule("(<numbered>)<space>?<digit>"),
          // Initials; a single letter before a new sentence is no initial.
          rule("([A-Za-z])\\.<space>++<sentence-starter>"),
          sentenceEnd("([A-Za-z]\\.(?:[A-Za-z]\\.)++)<space>++<sentence-starter>", token -> true),
          rule("(?:[A-Za-z]\\.)++"),
          // Words held together by signs; a stop before a comma belongs to its word.
          rule("<hyphenated>"),
          rule("<punctuated>"),
          rule("<slashed>"),
          rule("<allied>"),
          rule("(<file>)(?:<break>|[.?!,])"),
          rule("(<stopped>)[,;:\\x{3001}]"),
          // Quotation marks: a straight one opens before a letter, a double one before a digit too.
          rule("(\")[A-Za-z0-9$]", token -> "``"),
          rule("\"", token -> "''"),
          rule("(')[A-Za-z][^ \\t\\n\\r\\x{A0}]", token -> "`"),
          rule("<clitic>", PtbRules::plainQuotes),
          rule("''|'"),
          rule("<curly-quote>{1,2}", PtbRules::plainQuotes),
          rule("(<smiley>)[^A-Za-z0-9]", PtbRules::roundBracketsNamed),
          rule("<eastern-smiley>", PtbRules::roundBracketsNamed),
          // Signs that repeat.
          rule("-{2,4}+(?!-)|&[mn]dash;|[\\x{96}\\x{97}\\x{2013}-\\x{2015}]", token -> "--"),
          rule("<ellipsis>", token -> "..."),
          rule("(?:<|&lt;){1,2}", token -> token.replace("&lt;", "<")),
          rule("(?:>|&gt;){1,2}", token -> token.replace("&gt;", ">")),
          rule("-++|@++|#++|_++|\\*++|(?:\\\\\\*){1,3}|[?!]++|&#[0-9]++;"),
          // All other characters that are tokens by themselves; the rest of Unicode leaves nothing.
          rule("<symbol>", PtbRules::named));

  private static final int ASCII = 128;

  /** The rules to try at a character; all of them at a character beyond ASCII. */
  private static final Rule[][] RULES_BY_FIRST = rulesByFirst();

  private PtbRules() {}

  /**
   * One line of the table.
   *
   * @param pattern the token and, if it has a group, the context behind the token
   * @param test what the characters of the token must satisfy
   * @param form how the characters are written as a token
   * @param endsSentence whether a full stop follows the token in the output
   */
  private record Rule(
      Pattern pattern, Predicate<String> test, UnaryOperator<String> form, boolean endsSentence) {

    boolean mayStartWith(char first) {
      Matcher matcher = pattern.matcher(String.valueOf(first));
      return matcher.lookingAt() || matcher.hitEnd();
    }
  }

  private static Rule rule(String pattern) {
    return rule(pattern, UnaryOperator.identity());
  }

  private static Rule rule(String pattern, UnaryOperator<String> form) {
    return rule(pattern, token -> true, form);
  }

  private static Rule rule(String pattern, Predicate<String> test, UnaryOperator<String> form) {
    return new Rule(PtbPieces.compile(pattern), test, form, false);
  }

  private static Rule sentenceEnd(String pattern, Predicate<String> test) {
    return new Rule(PtbPieces.compile(pattern), test, UnaryOperator.identity(), true);
  }

  /**
   * Adds the token that starts at a place of the text, if one does.
   *
   * @param text the text, with a line feed at its end
   * @param from the place, before the end of the text
   * @param tokens where the token goes
   * @return the place where the next token may start, always behind {@code from}
   */
  static int next(String text, int from, List<String> tokens) {
    int longest = 0;
    int end = from + 1;
    Rule winner = null;
    for (Rule rule : RULES_BY_FIRST[Math.min(text.charAt(from), ASCII)]) {
      Matcher matcher = rule.pattern.matcher(text).region(from, text.length());
      if (matcher.lookingAt() && matcher.end() > longest) {
        int tokenEnd = matcher.end(matcher.groupCount());
        if (rule.test.test(text.substring(from, tokenEnd))) {
          longest = matcher.end();
          end = tokenEnd;
          winner = rule;
        }
      }
    }
    if (winner != null) {
      addToken(winner, text.substring(from, end), tokens);
    }
    return end;
  }

  private static void addToken(Rule rule, String characters, List<String> tokens) {
    String token =
        rule.form
            .apply(characters)
            .toLowerCase(Locale.ROOT)
            .replace(' ', NO_BREAK_SPACE)
            .replace(SOFT_HYPHEN, "");
    tokens.add(token.isEmpty() ? "-" : token);
    if (rule.endsSentence) {
      tokens.add(".");
    }
  }

  private static String named(String token) {
    return NAMES.getOrDefault(token, token);
  }

  private static String roundBracketsNamed(String token) {
    return token.replace("(", "-lrb-").replace(")", "-rrb-");
  }

  /** Writes typographic quotation marks as the Penn Treebank does. */
  private static String plainQuotes(String token) {
    return token
        .replaceAll("[\\x{91}\\x{2018}\\x{201B}\\x{2039}]", "`")
        .replaceAll("[\\x{92}\\x{2019}\\x{203A}]", "'")
        .replaceAll("[\\x{93}\\x{201C}\\x{AB}]", "``")
        .replaceAll("[\\x{94}\\x{201D}\\x{BB}]", "''");
  }

  private static Rule[][] rulesByFirst() {
    Rule[][] table = new Rule[ASCII + 1][];
    for (char first = 0; first < ASCII; first++) {
      char c = first;
      table[c] = RULES.stream().filter(rule -> rule.mayStartWith(c)).toArray(Rule[]::new);
    }
    table[ASCII] = RULES.toArray(Rule[]::new);
    return table;
  }
}
