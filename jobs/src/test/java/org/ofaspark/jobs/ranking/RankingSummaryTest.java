package org.ofaspark.jobs.ranking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.jobs.ranking.RankingSummary.Source;

class RankingSummaryTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "source",
        "source.weights",
        "source.table",
        "source.split",
        "source.score",
        "histogram"
      })
  void summaryThatLacksAFieldIsDamaged(String field) {
    var source = new Source("w", List.of(), "t", "0a", "train", "loss", Map.of(), 0.05, 0);
    var whole =
        new RankingSummary(
            source, 1, 0, 0, 1, 0, List.of(), null, Map.of(), List.of(), List.of(), List.of(), 1,
            2);
    JsonObject json = JsonParser.parseString(whole.toJson()).getAsJsonObject();
    assertThat(RankingSummary.parse(json.toString(), "_summary.json")).isEqualTo(whole);
    JsonObject parent = field.contains(".") ? json.getAsJsonObject("source") : json;
    assertThat(parent.remove(field.replaceFirst(".*\\.", ""))).isNotNull();
    assertThatThrownBy(() -> RankingSummary.parse(json.toString(), "_summary.json"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("_summary.json: damaged (expected: the summary");
  }
}
