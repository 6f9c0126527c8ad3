package org.ofaspark.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.ofaspark.golden.Golden;

class BytePairEncodingGoldenTest {

  static Stream<JsonObject> cases() {
    return Golden.json("text/bpe.json").getAsJsonArray().asList().stream()
        .map(JsonElement::getAsJsonObject);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void builtInEncodingGivesUpstreamsIds(JsonObject golden) {
    assertEncodes(BytePairEncoding.gpt2(), golden);
  }

  @Test
  void upstreamsFilesGiveUpstreamsIds() throws IOException {
    BytePairEncoding encoding = Upstream.encoding();
    assertThat(encoding.size())
        .isEqualTo(Golden.object("text/dictionary.json").get("encoder_json_size").getAsInt());
    cases().forEach(golden -> assertEncodes(encoding, golden));
  }

  @Test
  void upstreamsFilesAndTheBuiltInEncodingHoldTheSameTokens() throws IOException {
    BytePairEncoding read = Upstream.encoding();
    BytePairEncoding builtIn = BytePairEncoding.gpt2();
    assertThat(read.size()).isEqualTo(builtIn.size());
    for (int id = 0; id < read.size(); id++) {
      String token = builtIn.decode(new int[] {id});
      assertThat(read.decode(new int[] {id})).isEqualTo(token);
      assertThat(read.encode(token)).containsExactly(builtIn.encode(token));
    }
  }

  private static void assertEncodes(BytePairEncoding encoding, JsonObject golden) {
    String text = golden.get("text").getAsString();
    int[] ids = Upstream.ints(golden.get("bpe_ids"));
    assertThat(encoding.encode(text)).as(text).containsExactly(ids);
    assertThat(encoding.decode(ids)).isEqualTo(golden.get("decoded").getAsString());
    String[] tokens =
        golden.getAsJsonArray("bpe_tokens").asList().stream()
            .map(JsonElement::getAsString)
            .toArray(String[]::new);
    for (int i = 0; i < ids.length; i++) {
      assertThat(encoding.decode(new int[] {ids[i]}))
          .isEqualTo(PythonText.decodeUtf8(ByteAlphabet.bytes(tokens[i])));
    }
  }
}
