package org.ofaspark.metric;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CaptionWordsTest {

  @Test
  void whiteSpaceOfAnyKindAndLengthSeparates() {
    assertThat(CaptionWords.atWhiteSpace(" a\tman\n\u00A0on \u2003\u0085\u001Fice "))
        .containsExactly("a", "man", "on", "ice");
  }

  @Test
  void whiteSpaceAloneHoldsNoWord() {
    assertThat(CaptionWords.atWhiteSpace("")).isEmpty();
    assertThat(CaptionWords.atWhiteSpace(" \u3000")).isEmpty();
  }

  @Test
  void everySingleBlankSeparates() {
    assertThat(CaptionWords.atBlanks("a  man ")).containsExactly("a", "", "man", "");
    assertThat(CaptionWords.atBlanks("")).containsExactly("");
  }

  @Test
  void noBreakSpaceSeparatesAtWhiteSpaceButNotAtBlanks() {
    String caption = PtbTokenizer.normalize("22 3/4 inches");

    assertThat(CaptionWords.atWhiteSpace(caption)).containsExactly("22", "3/4", "inches");
    assertThat(CaptionWords.atBlanks(caption)).containsExactly("22\u00A03/4", "inches");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a",
        "a man",
        "a  man",
        " a",
        "a ",
        "",
        " ",
        "a\tman",
        "22\u00A03/4 in",
        "\u00e9t\u00e9"
      })
  void captionsWithSingleBlanksOnlyAreCutAlike(String caption) {
    assertThat(CaptionWords.hasSingleBlanksOnly(caption))
        .isEqualTo(CaptionWords.atBlanks(caption).equals(CaptionWords.atWhiteSpace(caption)));
  }
}
