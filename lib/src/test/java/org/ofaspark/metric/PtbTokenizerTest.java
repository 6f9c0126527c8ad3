package org.ofaspark.metric;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PtbTokenizerTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "A man who's sure they don't | a man who 's sure they do n't",
        "I cannot, I'm gonna! 'Tis | i can not , i 'm gon na ! 't is",
        "the boys' '90s photo, 5 o'clock | the boys ' '90s photo , 5 o'clock",
        "a 'red' \"STOP\" sign | a ` red ' `` stop '' sign",
        "a 6' by 5'4\" door | a 6 ' by 5 ' 4 '' door",
        "a well-known half- eaten one--two | a well-known half - eaten one -- two",
        "AT&T, r&b and black/white | at&t , r & b and black/white",
        "$5.00 or 50% at 7:30pm | $ 5.00 or 50 % at 7:30 pm",
        "call 555-1234 about No. 5, not no. five | call 555-1234 about no. 5 , not no . five",
        "Mr. Smith of St. Paul in the U.S. | mr. smith of st. paul in the u.s.",
        "Jan. rain. Jan. The rain. | jan. rain . jan. . the rain .",
        "at 5 p.m. The plan B. The end | at 5 p.m. . the plan b . the end",
        "in Miss. but a miss. | in miss. but a miss .",
        "wait....so . . . what?! | wait ... so ... what ?!",
        "smile :-) [1] {2} | smile :--rrb- -lsb- 1 -rsb- -lcb- 2 -rcb-",
        "-LRB-left-rrb- is -RSB-1 not -LAB- | -lrb- left-rrb - is -rsb- 1 not - lab -",
        "see www.example.com/ab or me@example.com | see www.example.com/ab or me@example.com",
        "@user likes #hashtag #1 | @user likes #hashtag # 1",
        "<b>bold</b> &amp; &lt;3 | <b> bold </b> & < 3",
        "caf\u00E9 \u201Cna\u00EFve\u201D \u2013 it\u2019s 99\u00A2 | caf\u00E9 `` na\u00EFve '' -- it 's 99 cents",
      })
  void tokensFollowTheConventionsOfThePennTreebank(String caption, String tokens) {
    assertThat(String.join(" ", PtbTokenizer.tokens(caption))).isEqualTo(tokens);
  }

  @Test
  void normalizedCaptionHasNoPunctuationButNamedBrackets() {
    assertThat(PtbTokenizer.normalize("A man (left): \"Hi!\" -- he said; 'bye'..."))
        .isEqualTo("a man -lrb- left -rrb- hi he said bye");
  }

  @Test
  void fractionIsOneTokenWithNoBreakSpace() {
    assertThat(PtbTokenizer.tokens("22 3/4 inches")).containsExactly("22\u00A03/4", "inches");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", ".", "...", "\"", "\uD83D\uDC36", "\t\n\u00A0\u3000\u200B"})
  void captionOfPunctuationAndUnknownCharactersIsEmpty(String caption) {
    assertThat(PtbTokenizer.normalize(caption)).isEmpty();
  }

  @Test
  void emojiSeparatesWordsAndLeavesNothing() {
    assertThat(PtbTokenizer.tokens("dog\uD83D\uDC36cat")).containsExactly("dog", "cat");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "A man riding a wave.",
        "a well-known dog, on a sofa-bed, x-ray. y-",
        "we cannot go gonna. WANNA, lemmeknow",
        "plan b. etc. Mass. no. fig. mr. x. dogs.",
        "one . . . two ,three , four.five",
        "tab\tand\u2028separators\u3000here.\u2003There",
      })
  void shortCutForPlainWordsGivesWhatTheRulesGive(String caption) {
    List<String> byRules = new ArrayList<>();
    String text = caption + "\n";
    for (int at = 0; at < text.length(); ) {
      at = PtbRules.next(text, at, byRules);
    }

    assertThat(PtbTokenizer.tokens(caption)).isEqualTo(byRules);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a",
        "a'",
        ".",
        "a,",
        "1a.",
        "a-b.",
        "a@",
        "<a b='",
        "http://.",
        "A. The ",
        "(1",
        "o'a-",
        "\u2018",
        "\uD83D\uDE00"
      })
  @Timeout(value = 30, unit = TimeUnit.SECONDS)
  void hostileTextCostsLinearTime(String unit) {
    List<String> tokens = PtbTokenizer.tokens(unit.repeat(100_000 / unit.length()));

    assertThat(tokens).doesNotContain("");
  }
}
