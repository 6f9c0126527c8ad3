package org.ofaspark.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.StringReader;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TokenCodecTest {

  private TokenCodec codec;

  /** Makes a codec that knows the words of a few texts, two strange symbols, and three bins. */
  @BeforeEach
  void makeCodec() throws IOException {
    BytePairEncoding encoding = BytePairEncoding.gpt2();
    String words =
        IntStream.of(encoding.encode(" a cat sat on 🍣"))
            .distinct()
            .mapToObj(id -> id + " 1\n")
            .collect(Collectors.joining());
    String dictTxt = words + "madeupword0000 0\n99999 0\n";
    codec =
        new TokenCodec(encoding, Dictionary.read(new StringReader(dictTxt)).withTaskSymbols(0, 3));
  }

  private int id(String symbol) {
    return codec.dictionary().index(symbol);
  }

  @Test
  void decodingUndoesEncoding() {
    assertThat(codec.decode(codec.encode(" a cat sat on 🍣"))).isEqualTo(" a cat sat on 🍣");
  }

  @Test
  void wordsOutsideTheDictionaryAreUnknown() {
    int[] ids = codec.encode(" a dog");
    assertThat(ids).endsWith(Dictionary.UNK);
    assertThat(codec.decode(ids)).isEqualTo(" a<unk>");
  }

  @Test
  void startEndAndPaddingAreNoText() {
    int[] a = codec.encode(" a");
    int[] framed = {Dictionary.BOS, a[0], Dictionary.EOS, Dictionary.PAD, Dictionary.PAD};
    assertThat(codec.decode(framed)).isEqualTo(" a");
    assertThat(codec.decode(new int[0])).isEmpty();
  }

  @Test
  void otherSymbolsAreTextAmongTheWords() {
    int[] a = codec.encode(" a");
    int[] ids = {a[0], id("<bin_1>"), id("madeupword0000"), id("99999"), a[0], Dictionary.UNK};
    assertThat(codec.decode(ids)).isEqualTo(" a<bin_1>madeupword000099999 a<unk>");
  }

  @Test
  void charactersCutBySymbolsAreReplaced() {
    int[] sushi = codec.encode(" 🍣");
    assertThat(sushi).hasSizeGreaterThan(1);
    int[] cut = {sushi[0], id("<bin_1>"), sushi[sushi.length - 1]};
    assertThat(codec.decode(cut)).isEqualTo(" \uFFFD<bin_1>\uFFFD");
  }

  @Test
  void idsOutsideTheDictionaryAreRefused() {
    int size = codec.dictionary().size();
    assertThatThrownBy(() -> codec.decode(new int[] {size}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("token id: %d (expected: 0 to %d)".formatted(size, size - 1));
  }
}
