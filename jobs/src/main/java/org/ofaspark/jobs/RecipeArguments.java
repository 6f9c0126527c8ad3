package org.ofaspark.jobs;

import java.util.List;
import org.apache.spark.SparkConf;
import org.ofaspark.config.RecipeSource;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;
import picocli.CommandLine.Parameters;

/** The arguments that all jobs take: a recipe, and values that override it. */
public final class RecipeArguments {

  @Parameters(
      index = "0",
      paramLabel = "RECIPE",
      description =
          "A recipe file, here or on a Hadoop file system, or one of the jar such as"
              + " caption/train_caption_stage1_el.conf.")
  private String recipe;

  @Parameters(
      index = "1..*",
      paramLabel = "KEY=VALUE",
      description = "Values that override the recipe, such as criterion.log-end=0.5.")
  private List<String> overrides = List.of();

  /**
   * Reads the recipe: what the launcher has sent, else the files of this machine.
   *
   * @throws org.ofaspark.config.RecipeException with all mistakes
   */
  public Recipe readRecipe() {
    var conf = new SparkConf();
    return OutageWait.through(conf, () -> read(files(conf)));
  }

  /**
   * Reads the recipe.
   *
   * @param files where it is looked for before the jar
   */
  Recipe read(RecipeSource files) {
    return RecipeReader.read(recipe, files, overrides);
  }

  /**
   * Returns the files that a driver reads recipes from.
   *
   * @param conf what the application is started with
   */
  static RecipeSource files(SparkConf conf) {
    if (conf.contains(ShippedRecipe.KEY)) {
      return ShippedRecipe.decode(conf.get(ShippedRecipe.KEY)).source();
    }
    var here = new RecipeFiles();
    // the user's files are on another machine: what is missing here may well be there
    return JobCommand.isOnCluster(conf) || conf.getBoolean("spark.kubernetes.submitInDriver", false)
        ? name -> here.read(name).or(() -> RecipeFiles.requireUri(name))
        : here;
  }
}
