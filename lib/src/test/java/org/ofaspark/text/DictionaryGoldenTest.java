package org.ofaspark.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.ofaspark.golden.Golden;
import org.ofaspark.golden.Shared;

class DictionaryGoldenTest {

  private final JsonObject golden = Golden.object("text/dictionary.json");

  @Test
  void upstreamsFileGivesUpstreamsDictionary() throws IOException {
    Dictionary dictionary = Upstream.dictionary();
    assertThat(dictionary.size()).isEqualTo(golden.get("size").getAsInt());
    assertThat(dictionary.sha256())
        .isEqualTo(golden.get("sha256_symbols_joined_by_newline").getAsString());
    assertThat(dictionary.numBins()).isEqualTo(golden.get("num_bins").getAsInt());
  }

  @Test
  void symbolsHaveUpstreamsIds() throws IOException {
    Dictionary dictionary = Upstream.dictionary();
    golden
        .getAsJsonObject("index_of")
        .asMap()
        .forEach((symbol, id) -> assertThat(dictionary.index(symbol)).isEqualTo(id.getAsInt()));
    golden
        .getAsJsonObject("contains")
        .asMap()
        .forEach(
            (symbol, held) ->
                assertThat(dictionary.contains(symbol)).isEqualTo(held.getAsBoolean()));
    golden
        .getAsJsonObject("symbols_around_mask")
        .asMap()
        .forEach(
            (id, symbol) ->
                assertThat(dictionary.symbol(Integer.parseInt(id)))
                    .isEqualTo(symbol.getAsString()));
    golden
        .getAsJsonObject("bpe_id_to_dict_id_sample")
        .asMap()
        .forEach((bpeId, id) -> assertThat(dictionary.index(bpeId)).isEqualTo(id.getAsInt()));
    List<JsonElement> first = golden.getAsJsonArray("first_symbols").asList();
    for (int id = 0; id < first.size(); id++) {
      assertThat(dictionary.symbol(id)).isEqualTo(first.get(id).getAsString());
    }
    List<JsonElement> last = golden.getAsJsonArray("last_symbols").asList();
    for (int i = 0; i < last.size(); i++) {
      assertThat(dictionary.symbol(dictionary.size() - last.size() + i))
          .isEqualTo(last.get(i).getAsString());
    }
  }

  @Test
  void dictTxtHasUpstreamsSize() throws IOException {
    try (Reader dictTxt = Files.newBufferedReader(Shared.assumeHas("ofa-bpe/dict.txt"))) {
      assertThat(Dictionary.read(dictTxt).size())
          .isEqualTo(golden.get("size_before_mask").getAsInt());
    }
  }
}
