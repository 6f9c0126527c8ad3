package org.ofaspark.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
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
  void cachedScoresEqualUpstream() {
    DocumentFrequency cached = CachedFrequency.golden();
    JsonObject expected = golden.getAsJsonObject("cached_df");

    assertThat(Math.log((double) cached.documents()))
        .isCloseTo(expected.get("log_ref_len").getAsDouble(), TOLERANCE);
    assertScores(examples(), new CiderScorer(cached), expected);
  }

  @Test
  void validationScoresEqualUpstreamForTextsAsTheTaskGivesThem() {
    JsonObject task = golden.getAsJsonObject("task_calculate_cider_scores");
    assertThat(task.get("df").getAsString()).isEqualTo("cached");
    List<Example> examples = new ArrayList<>();
    for (int i = 0; i < task.getAsJsonArray("gen_res").size(); i++) {
      examples.add(
          new Example(
              ngrams(task.getAsJsonArray("gen_res").get(i)),
              references(task.getAsJsonArray("gt_res").get(i).getAsJsonArray())));
    }

    assertScores(examples, new CiderScorer(CachedFrequency.golden()), task);
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
    double sum = 0;
    for (int i = 0; i < scores.size(); i++) {
      double score = scorer.score(examples.get(i).hypothesis(), examples.get(i).references());
      assertThat(score).as("example %s", i).isCloseTo(scores.get(i).getAsDouble(), TOLERANCE);
      sum += score;
    }
    if (expected.has("score")) {
      assertThat(sum / examples.size()).isCloseTo(expected.get("score").getAsDouble(), TOLERANCE);
    }
  }

  private static NgramCounts ngrams(JsonElement caption) {
    return NgramCounts.of(CaptionWords.atWhiteSpace(caption.getAsString()));
  }

  private static List<NgramCounts> references(JsonArray captions) {
    return captions.asList().stream().map(CiderScorerGoldenTest::ngrams).toList();
  }
}
