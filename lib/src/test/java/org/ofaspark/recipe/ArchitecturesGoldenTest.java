package org.ofaspark.recipe;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.golden.Golden;
import org.ofaspark.model.OfaConfig;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.TensorSpec;

/** Compares the architectures of {@code conf/model} with the defaults of upstream's. */
class ArchitecturesGoldenTest {

  /** Parts of upstream's architectures that have no meaning here, and why. */
  private static final Map<String, String> WITHOUT_MEANING =
      Map.of(
          "patch_image_size", "every script sets the task's flag of the same name",
          "orig_patch_image_size", "of position interpolation, which no script turns on",
          "code_image_size", "of image generation");

  /** Parts of upstream's architectures that the model has in this form only. */
  private static final Map<String, String> FIXED =
      Map.of(
          "activation_fn", "gelu",
          "activation_dropout", "0",
          "relu_dropout", "0",
          "entangle_position_embedding", "false",
          "scale_resids", "false");

  @TempDir private Path dir;

  @ParameterizedTest
  @ValueSource(strings = {"ofa_tiny", "ofa_medium", "ofa_base", "ofa_large"})
  void everyPartOfAnArchitectureIsUpstreams(String arch) throws IOException {
    Golden.assumeHas("model/full_architectures.json");
    JsonObject upstream = Golden.object("model/full_architectures.json").getAsJsonObject(arch);
    Recipe recipe = architecture(arch);
    assertThat(recipe.initialWeights().arch()).isEqualTo(arch);
    Map<String, Object> ours = new TreeMap<>(parts(recipe));
    ours.putAll(FIXED);
    for (var part : upstream.getAsJsonObject("args").entrySet()) {
      if (!WITHOUT_MEANING.containsKey(part.getKey())) {
        assertThat(ours)
            .as("%s is compared, or listed with a reason", part)
            .containsKey(part.getKey());
        assertThat(canonical(ours.get(part.getKey())))
            .as("%s of %s", part.getKey(), arch)
            .isEqualTo(canonical(part.getValue().getAsString()));
      }
    }
  }

  private static Map<String, Object> parts(Recipe recipe) {
    OfaConfig model = recipe.model();
    Config keys = ConfigFactory.parseString(recipe.resolvedText()).getConfig("model");
    assertThat(model.decoder().ffnEmbedDim()).isEqualTo(model.encoder().ffnEmbedDim());
    return Map.ofEntries(
        entry("encoder_embed_dim", model.embedDim()),
        entry("encoder_ffn_embed_dim", model.encoder().ffnEmbedDim()),
        entry("encoder_layers", model.encoder().layers()),
        entry("encoder_attention_heads", model.encoder().attentionHeads()),
        entry("decoder_layers", model.decoder().layers()),
        entry("decoder_attention_heads", model.decoder().attentionHeads()),
        entry("resnet_type", keys.getString("resnet-type")),
        entry("token_bucket_size", model.tokenBucketSize()),
        entry("image_bucket_size", model.imageBucketSize()),
        entry("attn_scale_factor", model.attnScaleFactor()),
        entry("max_source_positions", model.maxSourcePositions()),
        entry("max_target_positions", model.maxTargetPositions()),
        entry("dropout", model.dropout()),
        entry("attention_dropout", model.attentionDropout()),
        entry("disable_entangle", keys.getBoolean("disable-entangle")),
        entry("no_scale_embedding", keys.getBoolean("no-scale-embedding")),
        entry("scale_attn", keys.getBoolean("scale-attn")),
        entry("scale_fc", keys.getBoolean("scale-fc")),
        entry("scale_heads", keys.getBoolean("scale-heads")),
        entry("add_type_embedding", keys.getBoolean("add-type-embedding")));
  }

  /** Brings 2, 2.0 and a text of either to one form. */
  private static String canonical(@Nullable Object value) {
    String text = String.valueOf(value);
    return text.matches("[0-9.]+") ? String.valueOf(Double.parseDouble(text)) : text;
  }

  @ParameterizedTest
  @ValueSource(strings = {"ofa_tiny", "ofa_medium", "ofa_base", "ofa_large"})
  void anArchitectureHasAsManyParametersAsUpstreams(String arch) throws IOException {
    Golden.assumeHas("model/full_architectures.json");
    JsonObject upstream = Golden.object("model/full_architectures.json").getAsJsonObject(arch);
    String embedding =
        upstream.getAsJsonObject("state_dict").get("encoder.embed_tokens.weight").getAsString();
    int vocabulary = Integer.parseInt(embedding.replaceFirst("P\\[(\\d+),.*", "$1"));
    long parameters =
        OfaModel.specs(architecture(arch).model(), vocabulary).stream()
            .filter(spec -> spec.role() != TensorSpec.Role.BUFFER)
            .mapToLong(TensorSpec::size)
            .sum();
    assertThat(parameters).isEqualTo(upstream.get("parameters").getAsLong());
  }

  private Recipe architecture(String arch) throws IOException {
    String text =
        """
        include "%s"
        include "%s"
        task = caption, run-dir = x, data.table = x, data.selected-cols = [0, 4, 2]
        """
            .formatted(
                ConfFolder.path("base.conf"),
                ConfFolder.path("model/" + arch.replace('_', '-') + ".conf"));
    Path file = Files.writeString(dir.resolve(arch + ".conf"), text);
    return RecipeReader.read(file.toString(), List.of());
  }
}
