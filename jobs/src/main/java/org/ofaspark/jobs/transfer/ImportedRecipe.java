package org.ofaspark.jobs.transfer;

import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.ofaspark.config.Text;
import org.ofaspark.data.DataConfig;
import org.ofaspark.model.OfaConfig;
import org.ofaspark.recipe.RecipeReader;

/**
 * The part of a recipe that a checkpoint determines: the sizes of its network, and what its flags
 * say about the network and the data. How it was trained is not taken over.
 */
final class ImportedRecipe {

  /** Flags whose other values make another network, which recipes have no words for. */
  private static final Map<String, Object> ONLY =
      Map.of(
          "activation_fn", "gelu",
          "entangle_position_embedding", false,
          "adaptive_input", false,
          "encoder_learned_pos", true,
          "decoder_learned_pos", true);

  /** What stands for the keys that a checkpoint leaves open, to check the others. */
  private static final List<String> OPEN =
      List.of("run-dir=run", "data.table=table", "generate.max-len-b=1");

  private static final String IMAGE_SIZE = "patch_image_size";

  private static final Map<String, String> COLUMNS =
      Map.of("caption", "[0, 4, 2]", "refcoco", "[0, 4, 2, 3]");

  private ImportedRecipe() {}

  /**
   * Writes the recipe.
   *
   * @param source the checkpoint
   * @param target where its weights are to be
   * @param config its network's sizes
   * @param flags what it was trained with
   * @throws IllegalArgumentException if the flags make a network that there is no recipe for
   */
  static String text(String source, String target, OfaConfig config, Map<String, Object> flags) {
    ONLY.forEach(
        (flag, only) -> {
          Object value = flags.getOrDefault(flag, only);
          if (!value.equals(only)) {
            throw new IllegalArgumentException(
                Text.format(
                    "%s: %s: %s (expected: %s; the model has no other form)",
                    source, flag, value, only));
          }
        });
    var lines = new ArrayList<String>();
    lines.add(Text.format("# What submit/import found in %s:", source.replaceAll("\\s", " ")));
    lines.add("# sizes by the shapes of its tensors, the rest by its flags.");
    lines.add("include \"base.conf\"");
    lines.add("");
    String task = String.valueOf(flags.get("task"));
    if (COLUMNS.containsKey(task)) {
      lines.add("task = " + task);
    }
    lines.add("model {");
    lines.add("  arch = " + quoted(flags.getOrDefault("arch", "unnamed")));
    lines.add("  restore-file = " + quoted(target));
    addSizes(lines, config);
    addFlags(lines, ModelFlags.MODEL, flags);
    lines.add("}");
    lines.add("data {");
    if (COLUMNS.containsKey(task) && flags.get("selected_cols") instanceof String columns) {
      lines.add(Text.format("  selected-cols = [%s]", columns.replaceAll("[^0-9,]", "")));
    }
    addFlags(lines, ModelFlags.DATA, fitting(flags, config));
    lines.add("}");
    String text = String.join("\n", lines) + "\n";
    check(source, flags, text);
    return text;
  }

  /** Leaves out a size of images that there are no positions for: a default, or of other tables. */
  private static Map<String, Object> fitting(Map<String, Object> flags, OfaConfig config) {
    Map<String, Object> fitting = new HashMap<>(flags);
    if (flags.get(IMAGE_SIZE) instanceof Long pixels
        && pixels > (long) DataConfig.PATCH * config.imageBucketSize()) {
      fitting.remove(IMAGE_SIZE);
    }
    return fitting;
  }

  private static void addSizes(List<String> lines, OfaConfig config) {
    lines.add("  encoder-embed-dim = " + config.embedDim());
    lines.add("  encoder-layers = " + config.encoder().layers());
    lines.add("  encoder-attention-heads = " + config.encoder().attentionHeads());
    lines.add("  encoder-ffn-embed-dim = " + config.encoder().ffnEmbedDim());
    lines.add("  decoder-layers = " + config.decoder().layers());
    lines.add("  decoder-attention-heads = " + config.decoder().attentionHeads());
    lines.add("  decoder-ffn-embed-dim = " + config.decoder().ffnEmbedDim());
    lines.add("  resnet-layers = " + config.resnet().layers());
    lines.add("  resnet-width-per-group = " + config.resnet().widthPerGroup());
    lines.add("  token-bucket-size = " + config.tokenBucketSize());
    lines.add("  image-bucket-size = " + config.imageBucketSize());
    lines.add("  max-source-positions = " + config.maxSourcePositions());
    lines.add("  max-target-positions = " + config.maxTargetPositions());
  }

  private static void addFlags(List<String> lines, List<String> names, Map<String, Object> flags) {
    for (String name : names) {
      Object value = flags.get(name);
      if (value instanceof Long || value instanceof Double || value instanceof Boolean) {
        lines.add(Text.format("  %s = %s", name.replace('_', '-'), value));
      }
    }
  }

  private static String quoted(Object text) {
    return new JsonPrimitive(String.valueOf(text)).toString();
  }

  /** Reads the recipe, with what it leaves open filled in, so that it can be relied on. */
  private static void check(String source, Map<String, Object> flags, String text) {
    List<String> open = new ArrayList<>(OPEN);
    String task = String.valueOf(flags.get("task"));
    if (!COLUMNS.containsKey(task)) {
      open.add("task=caption");
      open.add("data.selected-cols=" + COLUMNS.get("caption"));
    } else if (!text.contains("selected-cols")) {
      open.add("data.selected-cols=" + COLUMNS.get(task));
    }
    if (!text.contains("patch-image-size")) {
      open.add("data.patch-image-size=" + DataConfig.PATCH);
    }
    RecipeReader.parse(source, text, open);
  }
}
