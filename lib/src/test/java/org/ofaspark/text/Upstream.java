package org.ofaspark.text;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import org.ofaspark.golden.Golden;
import org.ofaspark.golden.Shared;

/** Upstream's own vocabulary files, and small readers of golden JSON. */
final class Upstream {

  private Upstream() {}

  /** Reads upstream's encoder.json and vocab.bpe, or skips the test. */
  static BytePairEncoding encoding() throws IOException {
    try (Reader encoderJson = Files.newBufferedReader(Shared.assumeHas("ofa-bpe/encoder.json"));
        Reader vocabBpe = Files.newBufferedReader(Shared.assumeHas("ofa-bpe/vocab.bpe"))) {
      return BytePairEncoding.read(encoderJson, vocabBpe);
    }
  }

  /** Reads upstream's dict.txt and adds the symbols of the golden run, or skips the test. */
  static Dictionary dictionary() throws IOException {
    JsonObject golden = Golden.object("text/dictionary.json");
    try (Reader dictTxt = Files.newBufferedReader(Shared.assumeHas("ofa-bpe/dict.txt"))) {
      return Dictionary.read(dictTxt)
          .withTaskSymbols(
              golden.get("code_dict_size").getAsInt(), golden.get("num_bins").getAsInt());
    }
  }

  /** Returns an array of numbers. */
  static int[] ints(JsonElement array) {
    return array.getAsJsonArray().asList().stream().mapToInt(JsonElement::getAsInt).toArray();
  }
}
