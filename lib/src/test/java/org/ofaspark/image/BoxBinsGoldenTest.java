package org.ofaspark.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.golden.Golden;

class BoxBinsGoldenTest {

  @ParameterizedTest
  @ValueSource(strings = {"refcoco", "refcoco_constraint"})
  void predictedBinsBecomeUpstreamsBoxes(String task) {
    JsonObject golden = Golden.object("metrics/valid_step.json").getAsJsonObject(task);
    int maxImageSize = golden.get("max_image_size").getAsInt();
    BoxBins bins = new BoxBins(maxImageSize, maxImageSize, golden.get("num_bins").getAsInt());
    List<JsonElement> hypotheses =
        golden.getAsJsonArray("hyp_bins(tokens-len(dict)+num_bins)").asList();
    assertThat(hypotheses).isNotEmpty();
    for (int i = 0; i < hypotheses.size(); i++) {
      ResizeRatios ratios =
          new ResizeRatios(
              golden.getAsJsonArray("w_resize_ratios").get(i).getAsFloat(),
              golden.getAsJsonArray("h_resize_ratios").get(i).getAsFloat());
      int[] hypothesis =
          hypotheses.get(i).getAsJsonArray().asList().stream()
              .mapToInt(JsonElement::getAsInt)
              .toArray();
      Box box = bins.dequantize(hypothesis, ratios);
      float[] edges = {box.x0(), box.y0(), box.x1(), box.y1()};
      for (int edge = 0; edge < edges.length; edge++) {
        float expected =
            golden
                .getAsJsonArray("hyp_boxes_in_image_pixels")
                .get(i)
                .getAsJsonArray()
                .get(edge)
                .getAsFloat();
        assertThat(edges[edge]).isEqualTo(expected);
      }
    }
  }
}
