package org.ofaspark.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.ofaspark.golden.Golden;
import org.ofaspark.image.Box;

/** Accuracy of referring-expression comprehension as upstream computes it. */
class RegionOverlapGoldenTest {

  private final JsonObject golden = Golden.object("metrics/refcoco_ap.json");
  private final List<Box> hypotheses = regions("hyps");
  private final List<Box> references = regions("refs");

  @Test
  void decisionsEqualUpstreamAtEachThreshold() {
    for (var entry : golden.getAsJsonObject("scores_by_threshold").entrySet()) {
      float threshold = Float.parseFloat(entry.getKey());
      JsonArray scores = entry.getValue().getAsJsonArray();
      assertThat(scores).hasSameSizeAs(hypotheses);
      for (int i = 0; i < scores.size(); i++) {
        assertThat(RegionOverlap.reaches(hypotheses.get(i), references.get(i), threshold))
            .as("pair %s at %s", i, threshold)
            .isEqualTo(scores.get(i).getAsDouble() == 1);
      }
    }
  }

  @Test
  void accuracyEqualsUpstream() {
    RefcocoAccuracy accuracy = RefcocoAccuracy.EMPTY;
    for (int i = 0; i < hypotheses.size(); i++) {
      accuracy = accuracy.plus(RefcocoAccuracy.of(hypotheses.get(i), references.get(i)));
    }

    // Upstream takes the mean in float32.
    assertThat(accuracy.accuracy()).isCloseTo(golden.get("mean_0.5").getAsDouble(), within(1e-6));
    assertThat(accuracy.meanIou()).isBetween(0.0, 1.0);
  }

  private List<Box> regions(String name) {
    return golden.getAsJsonArray(name).asList().stream()
        .map(JsonElement::getAsJsonArray)
        .map(
            box ->
                new Box(
                    box.get(0).getAsFloat(),
                    box.get(1).getAsFloat(),
                    box.get(2).getAsFloat(),
                    box.get(3).getAsFloat()))
        .toList();
  }
}
