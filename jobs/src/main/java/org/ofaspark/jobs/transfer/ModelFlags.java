package org.ofaspark.jobs.transfer;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.ofaspark.config.ConfigReader;
import org.ofaspark.config.ConfigSection;
import org.ofaspark.config.ValueType;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.jobs.storage.HadoopFiles;

/**
 * What the files beside weights tell about them, by upstream's names: {@code recipe.conf} of this
 * project, {@code config.json} of Hugging Face.
 */
final class ModelFlags {

  /** The recipe beside weights, or in a run's directory. */
  static final String RECIPE = "recipe.conf";

  /** Hugging Face's description of a network. */
  static final String CONFIG = "config.json";

  private static final List<String> RATES =
      List.of(
          "attn_scale_factor",
          "dropout",
          "attention_dropout",
          "encoder_drop_path_rate",
          "decoder_drop_path_rate",
          "resnet_drop_path_rate");

  private static final List<String> SWITCHES =
      List.of(
          "freeze_encoder_embedding",
          "freeze_decoder_embedding",
          "freeze_resnet",
          "encoder_normalize_before",
          "decoder_normalize_before",
          "share_all_embeddings",
          "share_decoder_input_output_embed",
          "layernorm_embedding",
          "patch_layernorm_embedding",
          "code_layernorm_embedding",
          "add_type_embedding",
          "scale_attn",
          "scale_fc",
          "scale_heads",
          "disable_entangle",
          "no_scale_embedding");

  private static final List<String> DATA_SIZES =
      List.of(
          "max_src_length",
          "max_tgt_length",
          "patch_image_size",
          "max_image_size",
          "num_bins",
          "code_dict_size");

  private static final String NORMALIZATION = "imagenet_default_mean_and_std";

  /** Flags of the network that shapes do not tell, in the recipe's section {@code model}. */
  static final List<String> MODEL = Stream.of(RATES, SWITCHES).flatMap(List::stream).toList();

  /** Flags of the data, in the recipe's section {@code data}. */
  static final List<String> DATA =
      Stream.concat(DATA_SIZES.stream(), Stream.of(NORMALIZATION)).toList();

  private ModelFlags() {}

  /**
   * Reads what lies beside weights.
   *
   * @param directory theirs
   * @return texts, numbers and truth values; empty if nothing is there
   * @throws org.ofaspark.config.RecipeException if the recipe cannot be read
   * @throws BadCheckpointException if Hugging Face's description cannot be read
   */
  static Map<String, Object> of(HadoopFiles files, String directory) throws IOException {
    String recipe = directory + "/" + RECIPE;
    if (files.exists(recipe)) {
      return ofRecipe(recipe, files.readText(recipe));
    }
    String config = directory + "/" + CONFIG;
    return files.exists(config) ? ofConfig(config, files.readText(config)) : Map.of();
  }

  /** Reads the recipe of a run, or of an import, which leaves keys open. */
  private static Map<String, Object> ofRecipe(String name, String text) {
    ConfigSection recipe = ConfigReader.parse(name, text, List.of());
    ConfigSection model = recipe.section("model");
    ConfigSection data = recipe.section("data");
    Map<String, Object> flags = new LinkedHashMap<>();
    recipe.optional("task", ValueType.TEXT).ifPresent(task -> flags.put("task", task));
    model.optional("arch", ValueType.TEXT).ifPresent(arch -> flags.put("arch", arch));
    RATES.forEach(flag -> flags.put(flag, model.value(key(flag), ValueType.DECIMAL)));
    SWITCHES.forEach(flag -> flags.put(flag, model.value(key(flag), ValueType.FLAG)));
    data.optional("selected-cols", ValueType.INTEGERS)
        .ifPresent(columns -> flags.put("selected_cols", joined(columns)));
    for (String flag : DATA_SIZES) {
      data.optional(key(flag), ValueType.INTEGERS)
          .ifPresent(one -> flags.put(flag, (long) one.get(0)));
    }
    flags.put(NORMALIZATION, data.value(key(NORMALIZATION), ValueType.FLAG));
    return flags;
  }

  private static String key(String flag) {
    return flag.replace('_', '-');
  }

  private static String joined(List<Integer> columns) {
    return columns.stream().map(String::valueOf).collect(Collectors.joining(","));
  }

  private static Map<String, Object> ofConfig(String name, String text)
      throws BadCheckpointException {
    try {
      JsonObject config = JsonParser.parseString(text).getAsJsonObject();
      Map<String, Object> flags = new LinkedHashMap<>();
      for (String flag : RATES) {
        if (config.has(flag)) {
          flags.put(flag, config.get(flag).getAsDouble());
        }
      }
      return flags;
    } catch (JsonParseException
        | IllegalStateException
        | NumberFormatException
        | UnsupportedOperationException e) {
      throw new BadCheckpointException(name + ": damaged (expected: a JSON object)", e);
    }
  }
}
