package org.ofaspark.text;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ofaspark.config.Text;

/**
 * A vocabulary as tokenizers of Hugging Face's read it: {@code vocab.json}, from tokens to ids of
 * the model, and {@code merges.txt}, the merges of the byte pair encoding.
 */
public final class TokenizerFiles {

  /** The tokens. */
  public static final String VOCABULARY = "vocab.json";

  /** The merges. */
  public static final String MERGES = "merges.txt";

  private static final Gson JSON = new GsonBuilder().disableHtmlEscaping().create();

  private TokenizerFiles() {}

  /**
   * Returns the text of {@link #VOCABULARY}.
   *
   * @param codec its dictionary gives the ids
   * @throws IllegalArgumentException if two symbols have one token
   */
  public static String vocabulary(TokenCodec codec) {
    Map<String, Integer> ids = new LinkedHashMap<>();
    for (int id = 0; id < codec.dictionary().size(); id++) {
      String token = codec.token(id);
      Integer other = ids.put(token, id);
      if (other != null) {
        throw new IllegalArgumentException(
            Text.format("dict.txt: %s at %d and at %d (expected: once)", token, other, id));
      }
    }
    return JSON.toJson(ids) + "\n";
  }

  /**
   * Returns the text of {@link #MERGES}. A token that is no merge of two others, as special ones
   * are, is left out.
   *
   * @param encoding an encoding whose merges have ids in the order in which they were learned
   */
  public static String merges(BytePairEncoding encoding) {
    Map<String, Integer> ids = new HashMap<>();
    for (int id = 0; id < encoding.size(); id++) {
      ids.put(encoding.token(id), id);
    }
    StringBuilder merges = new StringBuilder("#version: 0.2\n");
    for (int id = 0; id < encoding.size(); id++) {
      List<String> parts = parts(encoding.token(id), id, ids);
      if (parts.size() == 2) {
        merges.append(parts.get(0)).append(' ').append(parts.get(1)).append('\n');
      }
    }
    return merges.toString();
  }

  /** Merges the bytes of a token as far as the tokens go that were learned before it. */
  private static List<String> parts(String token, int id, Map<String, Integer> ids) {
    List<String> parts = new ArrayList<>(Arrays.asList(token.split("")));
    while (true) {
      int place = -1;
      int first = id;
      for (int i = 0; i + 1 < parts.size(); i++) {
        int merged = ids.getOrDefault(parts.get(i) + parts.get(i + 1), id);
        if (merged < first) {
          first = merged;
          place = i;
        }
      }
      if (place < 0) {
        return parts;
      }
      parts.set(place, parts.get(place) + parts.remove(place + 1));
    }
  }
}
