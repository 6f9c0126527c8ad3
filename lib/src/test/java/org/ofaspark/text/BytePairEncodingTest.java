package org.ofaspark.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.Gson;
import java.io.IOException;
import java.io.StringReader;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BytePairEncodingTest {

  private static final String MERGES = "#version: 0.2\nh e\nl l\nhe ll\nĠ hell\n";

  /** Returns the ids of all bytes, then of the merged tokens given. */
  private static Map<String, Integer> ids(String... merged) {
    Map<String, Integer> ids = new LinkedHashMap<>();
    for (int b = 0; b < 256; b++) {
      ids.put(ByteAlphabet.token(b), b);
    }
    for (String token : merged) {
      ids.put(token, ids.size());
    }
    return ids;
  }

  private static BytePairEncoding read(Map<String, Integer> ids, String merges) throws IOException {
    return BytePairEncoding.read(
        new StringReader(new Gson().toJson(ids)), new StringReader(merges));
  }

  private static BytePairEncoding small() throws IOException {
    return read(ids("he", "ll", "hell", "Ġhell", "<|end|>"), MERGES);
  }

  @Test
  void mergesInTheOrderOfTheFile() throws IOException {
    assertThat(small().encode("hello hell")).containsExactly(258, 'o', 259);
    assertThat(small().encode("ell")).containsExactly('e', 257);
  }

  @Test
  void wordsAreNotMergedWithTheirNeighbours() throws IOException {
    assertThat(small().encode("h'e")).containsExactly('h', '\'', 'e');
    assertThat(small().encode("  hell")).containsExactly(' ', 259);
  }

  @Test
  void specialTokensAreDecodedButNeverEncoded() throws IOException {
    assertThat(small().decode(new int[] {258, 260})).isEqualTo("hell<|end|>");
    assertThat(small().encode("<|end|>")).containsExactly('<', '|', 'e', 'n', 'd', '|', '>');
    int endOfText = BytePairEncoding.gpt2().size() - 1;
    assertThat(BytePairEncoding.gpt2().decode(new int[] {endOfText})).isEqualTo("<|endoftext|>");
    assertThat(BytePairEncoding.gpt2().encode("<|endoftext|>")).doesNotContain(endOfText);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "\u001c\u0085\u00a0 x", "<|endoftext|>", "日本 🍣", "a\n\n b\t"})
  void decodingUndoesEncoding(String text) {
    BytePairEncoding encoding = BytePairEncoding.gpt2();
    assertThat(encoding.decode(encoding.encode(text))).isEqualTo(text);
  }

  @Test
  void endlessWordsAreEncoded() {
    BytePairEncoding encoding = BytePairEncoding.gpt2();
    String word = "abcdefghij".repeat(10_000);
    assertThat(encoding.decode(encoding.encode(word))).isEqualTo(word);
  }

  @Test
  void halvesOfSurrogatePairsBecomeQuestionMarks() throws IOException {
    assertThat(BytePairEncoding.gpt2().encode("a\uD83D b"))
        .containsExactly(BytePairEncoding.gpt2().encode("a? b"));
    assertThat(small().encode("\uDE00")).containsExactly('?');
  }

  @Test
  void charactersSpreadOverTokensComeBack() throws IOException {
    assertThat(small().decode(new int[] {0xF0, 0x9F, 0x8D, 0xA3})).isEqualTo("🍣");
    assertThat(small().decode(new int[] {0xF0, 0x9F, 'h'})).isEqualTo("\uFFFDh");
  }

  @Test
  void idsOutsideTheVocabularyAreRefused() {
    assertThatThrownBy(() -> small().decode(new int[] {261}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("BPE id: 261 (expected: 0 to 260)");
    assertThatThrownBy(() -> small().decode(new int[] {-1}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("BPE id: -1 (expected: 0 to 260)");
  }

  @Test
  void mergesOutOfTheOrderOfIdsAreRefused() {
    assertThatThrownBy(() -> read(ids("ll", "he"), "#version: 0.2\nh e\nl l\n"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "vocab.bpe line 3: l l (expected: two parts of a token whose id in encoder.json is"
                + " greater than that of the line before)");
  }

  @Test
  void mergesWithoutAnIdAreRefused() {
    assertThatThrownBy(() -> read(ids("he"), "h e\nl l\n"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("vocab.bpe line 2: l l (expected: two parts of a token");
  }

  @Test
  void gapsBetweenIdsAreRefused() {
    Map<String, Integer> ids = ids();
    ids.put("he", 300);
    assertThatThrownBy(() -> read(ids, "h e\n"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("encoder.json: he has id 300 (expected: each id from 0 to 256 once)");
  }

  @Test
  void missingBytesAreRefused() {
    Map<String, Integer> ids = ids();
    ids.remove(ByteAlphabet.token(255));
    assertThatThrownBy(() -> read(ids, ""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("encoder.json: no ÿ (expected: all 256 single bytes)");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"[1]", "{\"a\": \"b\"}", "{\"a\": 0.5}", "{\"a\" 1}", "{\"a\": 0, \"a\": 1}"})
  void otherJsonIsRefused(String json) {
    assertThatThrownBy(() -> BytePairEncoding.read(new StringReader(json), new StringReader("")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("encoder.json: ")
        .hasMessageContaining("(expected: ");
  }
}
