package org.ofaspark.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.StringReader;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TokenizerFilesTest {

  private static final BytePairEncoding GPT2 = BytePairEncoding.gpt2();

  /** What is written reads back to the same encoding; GPT-2 has 50,000 merges. */
  @Test
  void mergesAreThoseOfTheEncoding() throws IOException {
    String merges = TokenizerFiles.merges(GPT2);
    assertThat(merges.lines().limit(4)).containsExactly("#version: 0.2", "Ġ t", "Ġ a", "h e");
    assertThat(merges.lines()).hasSize(50_001);
    JsonObject encoder = new JsonObject();
    for (int id = 0; id < GPT2.size(); id++) {
      encoder.addProperty(GPT2.token(id), id);
    }
    BytePairEncoding read =
        BytePairEncoding.read(new StringReader(encoder.toString()), new StringReader(merges));
    for (String text :
        List.of(
            " a man in red's 12 hats, naïve 東京 🙂", "  x\n\tZ", " which region does the text")) {
      assertThat(read.encode(text)).containsExactly(GPT2.encode(text));
    }
    assertThat(TokenizerFiles.merges(read)).isEqualTo(merges);
  }

  private static TokenCodec codec(String... symbols) {
    Map<String, Long> counts = new LinkedHashMap<>();
    long count = symbols.length;
    for (String symbol : symbols) {
      counts.put(symbol, count--);
    }
    return new TokenCodec(GPT2, Dictionary.ofCounts(counts).withTaskSymbols(1, 2));
  }

  @Test
  void vocabularyHasATokenForEachSymbol() {
    int the = GPT2.encode(" the")[0];
    TokenCodec codec = codec("50256", Integer.toString(the), "madeupword0000");
    JsonObject json = JsonParser.parseString(TokenizerFiles.vocabulary(codec)).getAsJsonObject();
    assertThat(json.size()).isEqualTo(codec.dictionary().size());
    assertThat(json.entrySet().stream().map(Map.Entry::getValue).map(id -> id.getAsInt()))
        .isSorted();
    for (var one :
        Map.of("<s>", 0, "<pad>", 1, "</s>", 2, "<unk>", 3, "<|endoftext|>", 4, "Ġthe", 5)
            .entrySet()) {
      assertThat(json.get(one.getKey()).getAsInt()).as(one.getKey()).isEqualTo(one.getValue());
    }
    assertThat(json.keySet()).contains("madeupword0000", "<code_0>", "<bin_0>", "<bin_1>");
  }

  @Test
  void symbolsOfOneTokenAreRefused() {
    String token = GPT2.token(GPT2.encode(" the")[0]);
    TokenCodec codec = codec(Integer.toString(GPT2.encode(" the")[0]), token);
    assertThatThrownBy(() -> TokenizerFiles.vocabulary(codec))
        .hasMessage("dict.txt: Ġthe at 4 and at 5 (expected: once)");
  }
}
