package org.ofaspark.jobs;

import java.util.List;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;
import picocli.CommandLine.Parameters;

/** The arguments that all jobs take: a recipe, and values laid over it. */
public final class RecipeArguments {

  @Parameters(
      index = "0",
      paramLabel = "RECIPE",
      description =
          "A recipe file, or one of the jar such as caption/train_caption_stage1_el.conf.")
  private String recipe;

  @Parameters(
      index = "1..*",
      paramLabel = "KEY=VALUE",
      description = "Values laid over the recipe, such as criterion.log-end=0.5.")
  private List<String> overrides = List.of();

  /**
   * Reads the recipe.
   *
   * @throws org.ofaspark.config.RecipeException with all mistakes
   */
  public Recipe readRecipe() {
    return RecipeReader.read(recipe, overrides);
  }
}
