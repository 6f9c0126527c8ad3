package org.ofaspark.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PythonTextTest {

  @Test
  void whiteSpaceIsWhatPythonSaysItIs() {
    String spaces =
        IntStream.rangeClosed(0, Character.MAX_VALUE)
            .filter(PythonText::isSpace)
            .mapToObj(Integer::toHexString)
            .collect(Collectors.joining(" "));
    assertThat(spaces)
        .isEqualTo(
            "9 a b c d 1c 1d 1e 1f 20 85 a0 1680 2000 2001 2002 2003 2004 2005 2006 2007 2008 2009"
                + " 200a 2028 2029 202f 205f 3000");
  }

  @Test
  void splitsAndStripsAtWhiteSpaceOfAnyKind() {
    String text = "\u00a0 one\u2003two\u0085\u001fthree\n";
    assertThat(PythonText.split(text)).containsExactly("one", "two", "three");
    assertThat(PythonText.strip(text)).isEqualTo("one\u2003two\u0085\u001fthree");
    assertThat(PythonText.split(" \n")).isEmpty();
    assertThat(PythonText.strip(" \n")).isEmpty();
  }

  // what Python 3.11 prints
  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      value = {
        "ΟΔΟΣ, οδος",
        "ΟΔΟΣ ΣΑΣ., οδος σας.",
        "Σ, σ",
        "1Σ, 1σ",
        "ΑΣ'Α, ασ'α",
        "ΑΣ-Α, ας-α",
        "ΑΣ:Α, ασ:α",
        "Α:Σ, α:ς",
        "Α-Σ, α-σ",
        "Α’Σ, α’ς",
        "ΑΣ\u0301, ας\u0301",
        "İI, i\u0307i",
        "ǅ ẞ Å, ǆ ß å"
      })
  void lowersAsPython(String text, String lower) {
    assertThat(PythonText.lower(text)).isEqualTo(lower);
  }

  // what Python 3.11 prints; U+FFFD as a question mark
  @ParameterizedTest
  @CsvSource({
    "eda080, ???",
    "eda0, ??",
    "edb08041, ???A",
    "f09f98, ?",
    "e28241, ?A",
    "80, ?",
    "c080, ??",
    "f0808080, ????",
    "f5808080, ????",
    "ed9fbf, \uD7FF"
  })
  void readsWrongBytesAsPython(String bytes, String text) {
    assertThat(PythonText.decodeUtf8(HexFormat.of().parseHex(bytes)).replace('\uFFFD', '?'))
        .isEqualTo(text);
  }
}
