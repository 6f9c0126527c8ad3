package org.ofaspark.metric;

import com.google.gson.JsonObject;
import java.util.HashMap;
import java.util.Map;
import org.ofaspark.golden.Golden;

/** Cached document frequencies from n-grams whose words are joined by blanks. */
public final class CachedFrequency {

  private CachedFrequency() {}

  public static DocumentFrequency of(long documents, Map<String, ? extends Number> frequencies) {
    var cached = new DocumentFrequency.Cached();
    frequencies.forEach(
        (ngram, frequency) ->
            cached.put(CaptionWords.atWhiteSpace(ngram), frequency.doubleValue()));
    return cached.of(documents);
  }

  /** Returns what the pickles of the golden directory hold, from the JSON beside them. */
  public static DocumentFrequency golden() {
    return of(goldenDocuments(), goldenCounts());
  }

  public static long goldenDocuments() {
    return Golden.object("metrics/cached_df.json").get("ref_len").getAsLong();
  }

  public static Map<String, Double> goldenCounts() {
    JsonObject json = Golden.object("metrics/cached_df.json");
    Map<String, Double> frequencies = new HashMap<>();
    json.getAsJsonObject("document_frequency")
        .entrySet()
        .forEach(entry -> frequencies.put(entry.getKey(), entry.getValue().getAsDouble()));
    return frequencies;
  }
}
