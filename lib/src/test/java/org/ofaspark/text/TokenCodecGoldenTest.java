package org.ofaspark.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.ofaspark.golden.Golden;

class TokenCodecGoldenTest {

  private TokenCodec codec;

  @BeforeEach
  void readUpstreamsFiles() throws IOException {
    codec = new TokenCodec(BytePairEncoding.gpt2(), Upstream.dictionary());
  }

  private static List<JsonObject> objects(JsonElement array) {
    return array.getAsJsonArray().asList().stream().map(JsonElement::getAsJsonObject).toList();
  }

  @Test
  void encodesAndDecodesAsUpstream() {
    for (JsonObject golden : objects(Golden.json("text/bpe.json"))) {
      String text = golden.get("text").getAsString();
      int[] ids = codec.encode(text);
      assertThat(ids).as(text).containsExactly(Upstream.ints(golden.get("fairseq_ids")));
      assertThat(codec.decode(ids)).isEqualTo(golden.get("decoded").getAsString());
      assertThat(framed(ids, 6)).containsExactly(Upstream.ints(golden.get("with_bos_eos_len6")));
    }
  }

  @Test
  void looksSymbolsUpAsUpstream() throws IOException {
    Dictionary dictionary = Upstream.dictionary();
    for (JsonObject golden : objects(Golden.json("text/encode_text_no_bpe.json"))) {
      List<String> symbols = PythonText.split(golden.get("text").getAsString());
      assertThat(symbols.stream().mapToInt(dictionary::index).toArray())
          .containsExactly(Upstream.ints(golden.get("fairseq_ids")));
    }
  }

  @Test
  void promptsHaveUpstreamsIds() {
    JsonObject golden = Golden.object("text/prompts.json");
    int[] captionPrompt = codec.encode(CaptionText.CAPTION_PROMPT);
    assertThat(captionPrompt).containsExactly(Upstream.ints(golden.get("caption_prompt_ids")));
    assertThat(framed(captionPrompt, captionPrompt.length))
        .containsExactly(Upstream.ints(golden.get("caption_source")));
    for (JsonObject region : objects(golden.get("refcoco"))) {
      int[] ids = codec.encode(region.get("prompted").getAsString());
      assertThat(framed(ids, ids.length)).containsExactly(Upstream.ints(region.get("source")));
    }
  }

  @Test
  void decodesHypothesesAsUpstreamOrLegiblyWhereUpstreamRaises() {
    for (JsonObject golden : objects(Golden.json("text/decode.json"))) {
      String decoded = golden.get("decoded").getAsString();
      int[] tokens = Upstream.ints(golden.get("tokens"));
      String text = codec.decode(tokens);
      if (decoded.startsWith("EXCEPTION")) {
        assertThat(text).isEqualTo(legible(tokens));
      } else {
        assertThat(text).isEqualTo(decoded);
      }
      if (golden.has("caption")) {
        assertThat(CaptionText.generatedCaption(text))
            .isEqualTo(golden.get("caption").getAsString());
      }
    }
  }

  /** Decodes token by token, each symbol that is no BPE id as it is written. */
  private String legible(int[] tokens) {
    StringBuilder text = new StringBuilder();
    for (int token : tokens) {
      String symbol = codec.dictionary().symbol(token);
      if (symbol.matches("[0-9]+")) {
        text.append(BytePairEncoding.gpt2().decode(new int[] {Integer.parseInt(symbol)}));
      } else if (token >= Dictionary.UNK) {
        text.append(symbol);
      }
    }
    return text.toString();
  }

  private static int[] framed(int[] ids, int length) {
    return IntStream.concat(
            IntStream.concat(IntStream.of(Dictionary.BOS), IntStream.of(ids).limit(length)),
            IntStream.of(Dictionary.EOS))
        .toArray();
  }
}
