package org.ofaspark.metric;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The abbreviations that keep their full stop. */
final class PtbAbbreviations {

  /** Never the end of a sentence. */
  private static final Set<String> TITLES =
      words(
          """
          adj adm adv alex assoc asst atty attys ave brig capt cf cie cmdr col comdr cpl dept det dr
          drs elec ens ft gen gov govs hon insp invt jos lieut lt maj messrs mfg mlle mme mr mrs ms
          msgr mt mtg natl pfc ph pres prof profs pvt rep reps rev sen sens sfc sgt spc st ste supt
          supts treas vs wm
          """);

  /** Possibly the end of a sentence, which a capital or the end of the text then shows. */
  private static final Set<String> ENDINGS =
      words(
          """
          al ala apr ariz assn aug bancorp bhd bldg blvd bros calif co colo conn corp cos ct dak dec
          ed.d esq est etc ext feb fla fri ga inc ind intl jan jr jul jun kan kans ky ltd mar md mich
          minn mo mon mont neb nev nov oct okla penn ph.d plc ppte pptes ppty pptys pte ptes pty ptys
          rd rt sep sept seq sq sr sys tel tenn thu thurs tue tues univ va vt wed wis wisc wyo
          """);

  /** As {@link #ENDINGS}, but words of their own unless capitalised: {@code Miss.}, {@code ill.} */
  private static final Set<String> CAPITALISED_ENDINGS =
      words("Ark Az Del Ill La Mass Miss Ore Pa Tex Wash");

  /** Only before a number: {@code no. 5}. */
  private static final Set<String> BEFORE_NUMBERS = words("art bldg ca fig figs no nos op pp prop");

  private PtbAbbreviations() {}

  /** Tells whether a word may keep the full stop behind it in some context. */
  static boolean mayKeepStop(String word) {
    String lower = word.toLowerCase(Locale.ROOT);
    return word.length() == 1
        || TITLES.contains(lower)
        || isEnding(word)
        || BEFORE_NUMBERS.contains(lower);
  }

  /** Tells whether a word with its full stop is an abbreviation that never ends a sentence. */
  static boolean isStoppedTitle(String token) {
    return TITLES.contains(withoutStop(token).toLowerCase(Locale.ROOT));
  }

  /** Tells whether a word with its full stop is an abbreviation that may end a sentence. */
  static boolean isStoppedEnding(String token) {
    return isEnding(withoutStop(token));
  }

  private static boolean isEnding(String word) {
    String lower = word.toLowerCase(Locale.ROOT);
    return ENDINGS.contains(lower)
        || CAPITALISED_ENDINGS.contains(word.charAt(0) + lower.substring(1));
  }

  private static String withoutStop(String token) {
    return token.substring(0, token.length() - 1);
  }

  private static Set<String> words(String list) {
    return Pattern.compile("\\s+")
        .splitAsStream(list.strip())
        .collect(Collectors.toUnmodifiableSet());
  }
}
