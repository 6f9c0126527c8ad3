package org.ofaspark.recipe;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.ofaspark.config.Checks;
import org.ofaspark.config.ConfigReader;
import org.ofaspark.config.ConfigSection;
import org.ofaspark.config.RecipeSource;
import org.ofaspark.config.RecordKeys;
import org.ofaspark.config.ValueType;
import org.ofaspark.task.Task;

/** Reads recipes. What every key means stands in {@code conf/base.conf}. */
public final class RecipeReader {

  /** Switches that all of upstream's run scripts set. */
  private static final List<String> SWITCHES =
      List.of(
          "encoder-normalize-before",
          "decoder-normalize-before",
          "share-all-embeddings",
          "share-decoder-input-output-embed",
          "layernorm-embedding",
          "patch-layernorm-embedding",
          "code-layernorm-embedding",
          "add-type-embedding",
          "scale-attn",
          "scale-fc",
          "scale-heads",
          "disable-entangle",
          "no-scale-embedding");

  private RecipeReader() {}

  /**
   * Reads a recipe.
   *
   * @param recipe path of a file; if there is none, path of a class-path resource under {@code
   *     conf/}, with or without {@code conf/}
   * @param overrides {@code key=value} pairs that override it
   * @throws org.ofaspark.config.RecipeException with all mistakes
   */
  public static Recipe read(String recipe, List<String> overrides) {
    return read(recipe, RecipeSource.LOCAL, overrides);
  }

  /**
   * Reads a recipe.
   *
   * @param recipe as for {@link #read(String, List)}
   * @param files where recipe and includes are looked for before the class path
   * @param overrides {@code key=value} pairs that override it
   * @throws org.ofaspark.config.RecipeException with all mistakes
   */
  public static Recipe read(String recipe, RecipeSource files, List<String> overrides) {
    return recipe(ConfigReader.read(recipe, files, overrides), files);
  }

  /**
   * Reads a recipe whose text is at hand, such as a run's {@code recipe.conf}.
   *
   * @param name what messages should call it
   * @param text the recipe
   * @param overrides {@code key=value} pairs that override it
   * @throws org.ofaspark.config.RecipeException with all mistakes
   */
  public static Recipe parse(String name, String text, List<String> overrides) {
    return recipe(ConfigReader.parse(name, text, overrides), RecipeSource.NONE);
  }

  private static Recipe recipe(ConfigSection strict, RecipeSource files) {
    ConfigSection all = Task.withOwnKeys(strict.collecting(), "task", files);
    checkForm(all);
    Optional<Recipe> recipe = RecordKeys.read(all, Recipe.class);
    all.finish();
    return recipe.orElseThrow();
  }

  /** Checks the keys that have one value only, and that sizes are those of the architecture. */
  private static void checkForm(ConfigSection all) {
    ConfigSection model = all.section("model");
    for (String name : SWITCHES) {
      boolean on = model.value(name, ValueType.FLAG);
      model.check(() -> Checks.that("model." + name, on, on, "true; the model has no other form"));
    }
    boolean isOfRecipe = !model.isOverridden("arch") || model.isOverridden("encoder-embed-dim");
    model.check(
        () ->
            Checks.that(
                "model.arch",
                model.value("arch", ValueType.TEXT),
                isOfRecipe,
                "set in the recipe, with the sizes that it names;"
                    + " include another conf/model/*.conf there"));
    only(all.section("optimizer"), "optimizer", "adam");
    only(all.section("optimizer"), "lr-scheduler", "polynomial_decay");
  }

  private static void only(ConfigSection section, String key, String value) {
    section.choice(key, Map.of(value, value));
  }
}
