package org.ofaspark.metric;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The named pieces from which the patterns of {@link PtbRules} are put together.
 *
 * <p>{@code <name>} in a pattern stands for the piece of that name, so that a rule reads as what it
 * means: {@code (<word>)<clitic>} is a word before a clitic.
 *
 * <p>A loop either consumes what it scans as part of a token (possessive, hence iterative and never
 * retried) or is bounded, so that no text costs more than linear time. The bounds are the one
 * reason why a token of a hundred characters and more may differ from the reference.
 */
final class PtbPieces {

  /** Supplementary characters and variation selectors belong to no class, as in the reference. */
  private static final String EXCEPT = "&&[^\\x{FE00}-\\x{FE0F}\\x{10000}-\\x{10FFFF}]]";

  private static final String LETTERS = "[\\p{L}\\p{M}\\x{2B0}-\\x{36F}";
  private static final String SPACES = "[ \\t\\x{A0}\\x{2000}-\\x{200A}\\x{3000}";

  private static final Map<String, String> PIECES = pieces();

  private PtbPieces() {}

  /** Compiles a pattern in which {@code <name>} stands for a piece. */
  static Pattern compile(String pattern) {
    return Pattern.compile(expand(pattern, PIECES));
  }

  private static Map<String, String> pieces() {
    Map<String, String> pieces = new LinkedHashMap<>();
    putCharacters(pieces);
    putWords(pieces);
    putNumbers(pieces);
    putAbbreviations(pieces);
    putAddresses(pieces);
    putSigns(pieces);
    return pieces;
  }

  private static void putCharacters(Map<String, String> pieces) {
    // A soft hyphen (U+00AD) is a letter of a word, but does not tie a number to one.
    put(pieces, "letter", LETTERS + "\\x{AD}" + EXCEPT);
    put(pieces, "letter-or-digit", LETTERS + "\\x{AD}\\p{Nd}" + EXCEPT);
    put(pieces, "alnum", LETTERS + "\\p{Nd}" + EXCEPT);
    put(pieces, "digit", "[\\p{Nd}" + EXCEPT);
    put(pieces, "space", SPACES + "]");
    put(pieces, "break", SPACES + "\\n\\r\\x0B\\f\\x{85}\\x{2028}\\x{2029}]");
    put(pieces, "apostrophe", "['\\x{92}\\x{2019}]");
    put(pieces, "any-apostrophe", "['`\\x{91}\\x{92}\\x{2018}\\x{2019}\\x{201B}]");
    put(
        pieces,
        "curly-quote",
        "[`\\x{91}-\\x{94}\\x{2018}-\\x{201F}\\x{2039}\\x{203A}\\x{AB}\\x{BB}]");
  }

  private static void putWords(Map<String, String> pieces) {
    // Marks that end a sentence may stand inside a word: hello.World, what?no.
    put(pieces, "word", "<letter><letter-or-digit>*+(?:[.!?]<letter><letter-or-digit>*+)*+");
    // What is cut from "who's" and from "don't".
    put(pieces, "clitic", "<apostrophe>(?i:s|m|d|re|ve|ll)");
    put(pieces, "not", "[nN]<any-apostrophe>[tT]");
    // Words in which an apostrophe is a letter: 'em, c'mon, o'clock, K'Nex, ma'am.
    put(
        pieces,
        "clipped",
        "<apostrophe>(?i:em|till?|cause|n)|(?i:dunkin|somethin|ol|[ldj])<apostrophe>");
    put(pieces, "elided", "(?i:nor'easter|c'mon|e'er|s'mores|ev'ry|li'l|nat'l|cont'd\\.)");
    put(
        pieces,
        "o-clock",
        "(?:<alnum>++[-_])*+[dDoOlL]<any-apostrophe><alnum><alnum>++(?:[-_]<alnum>++)*+");
    put(pieces, "k-nex", "[A-HJ-XZn]<any-apostrophe><letter><letter>++");
    put(pieces, "ma-am", "<letter>+[aeiouyAEIOUY]<any-apostrophe>[aeiouA-Z]<letter>*+");
    // Words held together by signs: well-known_x; 1,000-foot and U.S.-U.K.; and/or; AT&T.
    put(pieces, "hyphenated", "<alnum>++(?:[-_\\x{58A}\\x{2010}\\x{2011}]<alnum>++)*+");
    put(
        pieces,
        "punctuated",
        "[A-Za-z0-9][A-Za-z0-9.,\\x{AD}]{0,100}"
            + "(?:-(?:[A-Za-z](?:\\.[A-Za-z]){1,20}\\.|[A-Za-z0-9\\x{AD}]{1,100})){1,50}");
    put(pieces, "part", "[A-Za-z0-9]++(?:-[A-Za-z]++){0,2}");
    put(pieces, "slashed", "<part>(?:\\\\?/<part>){1,2}");
    put(pieces, "allied", "[A-Z]++(?:[&+][A-Z]++)++");
    put(pieces, "stopped", "(?:<word>|<hyphenated>|<o-clock>|<allied>|<punctuated>)\\.");
  }

  private static void putNumbers(Map<String, String> pieces) {
    put(
        pieces,
        "number",
        "[-+]?(?:<digit>++(?:[.,:\\x{AD}]<digit>++)*+|(?:[.,:\\x{AD}]<digit>++)++)");
    put(pieces, "date", "<digit>{1,2}[-/]<digit>{1,2}[-/]<digit>{2,4}");
    put(
        pieces,
        "fraction",
        "(?:<digit>{1,4}[- \\x{A0}])?<digit>{1,4}(?:\\\\?/|\\x{2044})<digit>{1,4}");
    put(
        pieces,
        "small-number",
        "[\\x{207A}\\x{207B}\\x{208A}\\x{208B}]?(?:[\\x{2070}\\x{B9}\\x{B2}\\x{B3}"
            + "\\x{2074}-\\x{2079}]++|[\\x{2080}-\\x{2089}]++)");
    put(
        pieces,
        "telephone",
        "(?:\\([0-9]{2,3}\\)[ \\x{A0}]?"
            + "|\\+{0,2}(?:[0-9]{2,4}[- \\x{A0}])?[0-9]{2,4}[- \\x{A0}])"
            + "[0-9]{3,4}[- \\x{A0}]?[0-9]{3,5}"
            + "|(?:\\+{0,2}[0-9]{2,4}\\.)?[0-9]{2,4}\\.[0-9]{3,4}\\.[0-9]{3,5}");
  }

  private static void putAbbreviations(Map<String, String> pieces) {
    put(pieces, "abbreviation", "(?:(?i:ed|ph)\\.[dD]|[A-Za-z]{2,7})\\.");
    put(pieces, "numbered", "(?i:art|bldg|ca|figs?|nos?|op|pp|prop)\\.");
    // Words that, when capitalised, show that the initials before them ended a sentence.
    put(
        pieces,
        "sentence-starter",
        "(?=[A-Z])(?i:a|about|according|additionally|after|an|as|at|but|earlier|he|her|here|however"
            + "|if|in|it|last|many|more|mr\\.|ms\\.|now|once|one|other|our|she|since|so|some|such"
            + "|that|the|their|then|there|these|they|this|we|what|when|while|yet|you)<break>");
  }

  private static void putAddresses(Map<String, String> pieces) {
    put(pieces, "url-end", "[^\\s\\x{A0}\"<>|.!?(){},-]");
    put(
        pieces,
        "host",
        "(?i:www)\\.(?:[^\\s\"<>|.!?(){},]{1,63}\\.){1,9}[a-zA-Z]{2,4}"
            // Without www a host takes signs before it along, but no capital, digit or hyphen.
            + "|(?:[a-z#%&*+~\\x{80}-\\x{9F}\\x{A1}-\\x{FFFF}]{1,63}\\.){1,9}(?i:com|net|org|edu)");
    put(
        pieces,
        "url",
        "(?i:https?)://[^\\s\\x{A0}\"<>|(){}]+<url-end>"
            + "|<host>(?:/[^\\s\\x{A0}\"<>|()]+<url-end>)?");
    put(
        pieces,
        "mail",
        "<?[a-zA-Z0-9][^\\s\\x{A0}\"<>|(){}]{0,64}@(?:[^\\s\\x{A0}\"<>|(){}.]{1,63}\\.){0,9}"
            + "[^\\s\\x{A0}\"<>|(){}.]{1,63}>?");
    put(
        pieces,
        "file",
        "<alnum>{1,50}(?:\\.<alnum>{1,50}){0,10}\\.(?i:bat|bmp|c|cgi|class|cpp|dll|docx?|exe|gif|gz"
            + "|h|html?|jar|java|jpe?g|mov|mp3|pdf|php|pl|png|ppt|ps|py|sql|tar|txt|wav|wmv|x|xml"
            + "|zip)");
    put(pieces, "tag-name", "[A-Za-z][A-Za-z0-9_:.-]{0,50}+");
    put(
        pieces,
        "attribute",
        "<break>{1,10}+<tag-name>(?:<break>{0,5}+=<break>{0,5}+"
            + "(?:'[^']{0,100}'|\"[^\"]{0,100}\"))?+");
    put(
        pieces,
        "tag",
        "<<tag-name><attribute>{0,20}+<break>{0,10}+/?>|</<tag-name><break>{0,10}+>"
            + "|<[!?][A-Za-z-][^>]{0,200}+>");
  }

  private static void putSigns(Map<String, String> pieces) {
    put(pieces, "smiley", "[<>]?[:;=][-o*']?[()DPdpO\\\\{@|\\[\\]]");
    put(
        pieces,
        "eastern-smiley",
        "[-^x=~<>']_[-^x=~<>']|\\([-^x=~<>'][_.]?[-^x=~<>']\\)|\\([\\^x=~<>']-[\\^x=~<>'`]\\)");
    put(pieces, "ellipsis", "\\.{3,5}|(?:\\.[ \\x{A0}]){2,4}\\.|[\\x{85}\\x{2026}]");
    put(
        pieces,
        "symbol",
        "[!-/:-@\\[-`{-~\\x{80}\\x{A1}-\\x{A9}\\x{AC}-\\x{B4}\\x{B6}-\\x{B9}\\x{BF}\\x{D7}\\x{F7}"
            + "\\x{2016}\\x{2017}\\x{2020}-\\x{2023}\\x{2030}-\\x{2038}\\x{203B}-\\x{2044}"
            + "\\x{20A0}-\\x{20AF}\\x{2100}-\\x{214F}\\x{2153}-\\x{215E}\\x{2190}-\\x{2BFF}"
            + "\\x{3001}\\x{3002}\\x{3012}\\x{30FB}\\x{BC}-\\x{BE}\\x{FF01}-\\x{FF0F}"
            + "\\x{FF1A}-\\x{FF20}\\x{FF3B}-\\x{FF40}\\x{FF5B}-\\x{FF65}\\x{FFE0}-\\x{FFE6}]");
  }

  private static void put(Map<String, String> pieces, String name, String pattern) {
    pieces.put("<" + name + ">", "(?:" + expand(pattern, pieces) + ")");
  }

  private static String expand(String pattern, Map<String, String> pieces) {
    String expanded = pattern;
    for (var piece : pieces.entrySet()) {
      expanded = expanded.replace(piece.getKey(), piece.getValue());
    }
    return expanded;
  }
}
