package org.ofaspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.ofaspark.golden.Golden;

class HuggingFaceNamesTest {

  /** The modules of the port's layers, as its classes declare them. */
  private static final Map<String, Set<String>> PARTS =
      Map.of(
          "encoder",
          Set.of(
              "self_attn",
              "self_attn_layer_norm",
              "self_attn_mid_layer_norm",
              "fc1",
              "fc2",
              "ffn_layer_norm",
              "final_layer_norm"),
          "decoder",
          Set.of(
              "self_attn",
              "self_attn_layer_norm",
              "self_attn_mid_layer_norm",
              "cross_attn",
              "cross_attn_layer_norm",
              "cross_attn_mid_layer_norm",
              "fc1",
              "fc2",
              "ffn_layer_norm",
              "final_layer_norm"));

  @ParameterizedTest
  @CsvSource({
    "encoder.layers.0.attn_ln.weight, encoder.layers.0.self_attn_mid_layer_norm.weight",
    "encoder.layers.11.ffn_layernorm.bias, encoder.layers.11.ffn_layer_norm.bias",
    "decoder.layers.3.self_attn_ln.bias, decoder.layers.3.self_attn_mid_layer_norm.bias",
    "decoder.layers.3.encoder_attn.k_proj.weight, decoder.layers.3.cross_attn.k_proj.weight",
    "decoder.layers.3.encoder_attn.c_attn, decoder.layers.3.cross_attn.c_attn",
    "decoder.layers.3.encoder_attn_layer_norm.bias, decoder.layers.3.cross_attn_layer_norm.bias",
    "decoder.layers.3.cross_attn_ln.weight, decoder.layers.3.cross_attn_mid_layer_norm.weight",
    "decoder.layers.3.ffn_layernorm.weight, decoder.layers.3.ffn_layer_norm.weight",
    "decoder.layers.3.self_attn.q_proj.weight, decoder.layers.3.self_attn.q_proj.weight",
    "decoder.layers.3.self_attn_layer_norm.weight, decoder.layers.3.self_attn_layer_norm.weight",
    "encoder.embed_images.layer1.0.bn1.weight, encoder.embed_images.layer1.0.bn1.weight",
    "decoder.cross_pos_q_linear.weight, decoder.cross_pos_q_linear.weight",
    "attn_ln.weight, attn_ln.weight"
  })
  void eachNameHasItsOther(String upstream, String huggingFace) {
    assertThat(HuggingFaceNames.of(upstream)).isEqualTo(huggingFace);
    assertThat(HuggingFaceNames.upstream(huggingFace)).isEqualTo(upstream);
    assertThat(HuggingFaceNames.are(List.of("encoder.layer_norm.weight", huggingFace)))
        .isEqualTo(!upstream.equals(huggingFace));
    assertThat(HuggingFaceNames.are(List.of(upstream))).isFalse();
  }

  @Test
  void allNamesOfAllArchitecturesGoThereAndBack() {
    JsonObject architectures = Golden.object("model/full_architectures.json");
    assertThat(architectures.size()).isPositive();
    for (Map.Entry<String, JsonElement> each : architectures.entrySet()) {
      Set<String> names = each.getValue().getAsJsonObject().getAsJsonObject("state_dict").keySet();
      Set<String> others = new HashSet<>();
      for (String name : names) {
        String other = HuggingFaceNames.of(name);
        assertThat(HuggingFaceNames.upstream(other)).isEqualTo(name);
        others.add(other);
      }
      assertThat(others).as(each.getKey()).hasSize(names.size());
      PARTS.forEach((side, parts) -> assertThat(parts(side, others)).isEqualTo(parts));
    }
  }

  private static Set<String> parts(String side, Set<String> names) {
    return names.stream()
        .filter(name -> name.startsWith(side + ".layers."))
        .map(name -> name.split("\\.", -1)[3])
        .collect(Collectors.toSet());
  }
}
