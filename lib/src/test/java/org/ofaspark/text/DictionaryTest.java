package org.ofaspark.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DictionaryTest {

  private static Dictionary read(String dictTxt) throws IOException {
    return Dictionary.read(new StringReader(dictTxt));
  }

  @Test
  void symbolsFollowTheFourSpecialOnes() throws IOException {
    Dictionary dictionary = read("13 900\n262 800\r\nmadeupword0000 0");
    assertThat(dictionary.size()).isEqualTo(7);
    assertThat(dictionary.index("<s>")).isEqualTo(Dictionary.BOS);
    assertThat(dictionary.index("<pad>")).isEqualTo(Dictionary.PAD);
    assertThat(dictionary.index("</s>")).isEqualTo(Dictionary.EOS);
    assertThat(dictionary.index("<unk>")).isEqualTo(Dictionary.UNK);
    assertThat(dictionary.index("13")).isEqualTo(4);
    assertThat(dictionary.symbol(5)).isEqualTo("262");
    assertThat(dictionary.symbol(6)).isEqualTo("madeupword0000");
  }

  @Test
  void unknownSymbolsShareOneId() throws IOException {
    Dictionary dictionary = read("13 900\n");
    assertThat(dictionary.contains("262")).isFalse();
    assertThat(dictionary.index("262")).isEqualTo(Dictionary.UNK);
  }

  @Test
  void taskSymbolsFollowTheFile() throws IOException {
    Dictionary dictionary = read("13 900\n").withTaskSymbols(2, 3);
    assertThat(dictionary.size()).isEqualTo(11);
    assertThat(dictionary.symbol(5)).isEqualTo("<mask>");
    assertThat(dictionary.symbol(6)).isEqualTo("<code_0>");
    assertThat(dictionary.symbol(8)).isEqualTo("<bin_0>");
    assertThat(dictionary.numBins()).isEqualTo(3);
    assertThat(dictionary.binId(2)).isEqualTo(10);
    assertThat(dictionary.bin(10)).isEqualTo(2);
    assertThat(dictionary.bin(Dictionary.EOS)).isEqualTo(-6);
  }

  @Test
  void binsThatDoNotExistAreRefused() throws IOException {
    Dictionary dictionary = read("13 900\n").withTaskSymbols(0, 3);
    assertThatThrownBy(() -> dictionary.binId(3))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("bin: 3 (expected: 0 to 2)");
  }

  @Test
  void binOfADictionaryWithoutBinsIsRefused() throws IOException {
    Dictionary dictionary = read("13 900\n");
    assertThat(dictionary.numBins()).isZero();
    assertThatThrownBy(() -> dictionary.bin(4))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "dictionary: no <bin_0> (expected: bins behind the symbols of dict.txt);"
                + " add them by withTaskSymbols");
  }

  @Test
  void writingAndReadingGivesTheSameDictionary() throws IOException {
    Dictionary dictionary = read("13 900\na b 7\n").withTaskSymbols(2, 3);
    StringWriter written = new StringWriter();
    dictionary.write(written);
    assertThat(written.toString()).startsWith("13 900\na b 7\n<mask> 1\n<code_0> 1\n");
    Dictionary again = read(written.toString());
    assertThat(again.sha256()).isEqualTo(dictionary.sha256());
    assertThat(again.numBins()).isEqualTo(3);
  }

  @Test
  void taskSymbolsAreKnownByTheirNumberAndPlace() throws IOException {
    Dictionary dictionary = read("13 900\n").withTaskSymbols(2, 3);
    assertThat(dictionary.hasTaskSymbols(2, 3)).isTrue();
    assertThat(dictionary.hasTaskSymbols(2, 4)).isFalse();
    assertThat(dictionary.hasTaskSymbols(1, 3)).isFalse();
    assertThat(read("13 900\n").hasTaskSymbols(2, 3)).isFalse();
    assertThat(read("<mask> 1\n<code_0> 1\n<bin_0> 1\n13 1\n").hasTaskSymbols(1, 1)).isFalse();
  }

  @Test
  void fingerprintIsOfAllSymbolsInOrder() throws IOException {
    assertThat(read("").sha256())
        .isEqualTo("c237ea1e6e7c023db81b766a21183a0e9b78d96da70be0989fc28bb0847adb6f");
    assertThat(read("1 1\n2 1\n").sha256()).isNotEqualTo(read("2 1\n1 1\n").sha256());
    assertThat(read("1 1\n2 1\n").sha256()).isEqualTo(read("1 5\n2 3\n").sha256());
  }

  @Test
  void countsGiveFrequentSymbolsSmallIds() {
    Dictionary dictionary = Dictionary.ofCounts(Map.of("b", 5L, "a", 5L, "c", 9L));
    assertThat(dictionary.symbol(4)).isEqualTo("c");
    assertThat(dictionary.symbol(5)).isEqualTo("a");
    assertThat(dictionary.symbol(6)).isEqualTo("b");
  }

  @Test
  void linesOfAnotherFormAreRefused() {
    assertThatThrownBy(() -> read("13 900\n262\n"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("dict.txt line 2: 262 (expected: a symbol, a blank and its count)");
    assertThatThrownBy(() -> read("13 900\n\n"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("dict.txt line 2:  (expected: a symbol, a blank and its count)");
    assertThatThrownBy(() -> read("13 many\n"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("dict.txt line 1: 13 many (expected: a symbol, a blank and its count)");
  }

  @Test
  void symbolsThatComeTwiceAreRefused() {
    assertThatThrownBy(() -> read("13 900\n262 5\n13 4\n"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "dict.txt line 3: 13 (expected: a symbol that the dictionary does not hold yet)");
    assertThatThrownBy(() -> read("<pad> 900\n"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "dict.txt line 1: <pad> (expected: a symbol that the dictionary does not hold yet)");
    assertThatThrownBy(() -> read("").withTaskSymbols(1, 1).withTaskSymbols(1, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "task symbol: <mask> (expected: a symbol that the dictionary does not hold yet)");
  }

  @Test
  void idsOutsideTheDictionaryAreRefused() throws IOException {
    Dictionary dictionary = read("");
    assertThatThrownBy(() -> dictionary.symbol(4))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("token id: 4 (expected: 0 to 3)");
  }
}
