package org.ofaspark.text;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CaptionTextTest {

  @Test
  void trainingCaptionsKeepTheirFirstWordsWithoutPunctuation() {
    assertThat(CaptionText.trainingCaption(" A man's red-hat,\u00a0on  a (table)! ", 4))
        .isEqualTo("A mans redhat on");
    assertThat(CaptionText.trainingCaption("a&&b", 9)).isEqualTo("ab");
    assertThat(CaptionText.trainingCaption("one two", 0)).isEmpty();
    assertThat(CaptionText.trainingCaption("...", 9)).isEmpty();
  }

  @Test
  void onlyPunctuationOfAsciiIsRemoved() {
    assertThat(CaptionText.trainingCaption("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", 9)).isEmpty();
    assertThat(CaptionText.trainingCaption("‘a’ … “b” — 5£", 9)).isEqualTo("‘a’ … “b” — 5£");
  }

  @Test
  void referencesAreCleanedOneByOneAndEmptyOnesStay() {
    assertThat(CaptionText.references(" A  cat.&&&&it's - fun &&"))
        .containsExactly("A cat", "", "its  fun", "");
    assertThat(CaptionText.references("a&&&b")).containsExactly("a", "b");
    assertThat(CaptionText.references("")).containsExactly("");
    assertThat(CaptionText.validationCaption(" A  cat.&&&&it's")).isEqualTo("A cat&&&&its");
  }

  @Test
  void generatedCaptionsLosePunctuationAndOuterBlanksOnly() {
    assertThat(CaptionText.generatedCaption(" A dog,  a cat. ")).isEqualTo("A dog  a cat");
  }

  @Test
  void expressionsAreLoweredOpenedAndCollapsed() {
    assertThat(CaptionText.preCaption("...LEFT-most  guy/girl <PERSON>\n\n"))
        .isEqualTo("left most guy girl person");
    assertThat(CaptionText.preCaption("a\tb \t c")).isEqualTo("a\tb c");
    assertThat(CaptionText.preCaption("\ta ")).isEqualTo("\ta");
  }

  @Test
  void questionsKeepTheirPersons() {
    assertThat(CaptionText.preQuestion("is <PERSON> left?")).isEqualTo("is <person> left?");
  }

  @Test
  void firstWordsAreDividedBySingleBlanks() {
    assertThat(CaptionText.preCaption("one\ttwo three four", 2)).isEqualTo("one\ttwo three");
    assertThat(CaptionText.preCaption("one two", 2)).isEqualTo("one two");
    assertThat(CaptionText.preCaption("one two", 0)).isEmpty();
  }
}
