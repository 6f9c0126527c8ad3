package org.ofaspark.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.ofaspark.golden.Golden;

/** CIDEr-D as upstream's validation computes it. */
class CiderScorerGoldenTest {

  /** Upstream computes in double precision too; only the order of sums differs. */
  private static final Offset<Double> TOLERANCE = within(1e-9);

  private final JsonObject golden = Golden.object("metrics/cider.json");

  @Test
  void corpusScoresEqualUpstream() {
    DocumentFrequency.Builder builder = new DocumentFrequency.Builder();
    examples().forEach(example -> builder.add(example.references()));

    assertScores(examples(), new CiderScorer(builder.build()), golden.getAsJsonObject("corpus"));
  }

  @Test
  void cachedScoresEqualUpstream() throws IOException {
    DocumentFrequency cached = readCached();
    JsonObject expected = golden.getAsJsonObject("cached_df");

    assertThat(Math.log((double) cached.documents()))
        .isCloseTo(expected.get("log_ref_len").getAsDouble(), TOLERANCE);
    assertScores(examples(), new CiderScorer(cached), expected);
  }

  @Test
  void cachedMapScoresEqualUpstream() {
    JsonObject json = Golden.object("metrics/cached_df.json");
    Map<String, Double> frequencies = new HashMap<>();
    json.getAsJsonObject("document_frequency")
        .entrySet()
        .forEach(entry -> frequencies.put(entry.getKey(), entry.getValue().getAsDouble()));
    DocumentFrequency cached =
        DocumentFrequency.cached(json.get("ref_len").getAsLong(), frequencies);

    assertThat(cached.ngrams()).isEqualTo(frequencies.size());
    assertScores(examples(), new CiderScorer(cached), golden.getAsJsonObject("cached_df"));
  }

  @Test
  void validationScoresEqualUpstreamForTextsAsTheTaskGivesThem() throws IOException {
    JsonObject task = golden.getAsJsonObject("task_calculate_cider_scores");
    assertThat(task.get("df").getAsString()).isEqualTo("cached");
    List<Example> examples = new ArrayList<>();
    for (int i = 0; i < task.getAsJsonArray("gen_res").size(); i++) {
      examples.add(
          new Example(
              ngrams(task.getAsJsonArray("gen_res").get(i)),
              references(task.getAsJsonArray("gt_res").get(i).getAsJsonArray())));
    }

    assertScores(examples, new CiderScorer(readCached()), task);
  }

  private record Example(NgramCounts hypothesis, List<NgramCounts> references) {}

  private List<Example> examples() {
    return golden.getAsJsonArray("items").asList().stream()
        .map(JsonElement::getAsJsonObject)
        .map(
            item ->
                new Example(
                    ngrams(item.get("hypothesis")), references(item.getAsJsonArray("references"))))
        .toList();
  }

  private static void assertScores(
      List<Example> examples, CiderScorer scorer, JsonObject expected) {
    JsonArray scores = expected.getAsJsonArray("scores");
    assertThat(examples).hasSize(scores.size());
    MeanScore mean = MeanScore.EMPTY;
    for (int i = 0; i < scores.size(); i++) {
      double score = scorer.score(examples.get(i).hypothesis(), examples.get(i).references());
      assertThat(score).as("example %s", i).isCloseTo(scores.get(i).getAsDouble(), TOLERANCE);
      mean = mean.plus(score);
    }
    if (expected.has("score")) {
      assertThat(mean.mean()).isCloseTo(expected.get("score").getAsDouble(), TOLERANCE);
    }
  }

  private static DocumentFrequency readCached() throws IOException {
    byte[] json = Golden.bytes("metrics/cached_df.json");
    return DocumentFrequency.readJson(
        new InputStreamReader(new ByteArrayInputStream(json), StandardCharsets.UTF_8));
  }

  private static NgramCounts ngrams(JsonElement caption) {
    return NgramCounts.of(CaptionWords.atWhiteSpace(caption.getAsString()));
  }

  private static List<NgramCounts> references(JsonArray captions) {
    return captions.asList().stream().map(CiderScorerGoldenTest::ngrams).toList();
  }
}
