package org.ofaspark.jobs.preprocess;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;

/** Recipes that name no input. */
final class TestRecipes {

  private static final String TEXT =
      """
      include "conf/base.conf"
      include "conf/model/ofa-tiny.conf"
      task = %s
      run-dir = run
      data.selected-cols = %s
      """;

  private TestRecipes() {}

  /**
   * Returns a recipe for captions.
   *
   * @param table its {@code data.table}
   * @param overrides what it says else
   */
  static Recipe caption(Path table, List<String> overrides) {
    return parse(TEXT.formatted("caption", "[0, 4, 2]"), table, overrides);
  }

  /**
   * Returns a recipe for referring expressions.
   *
   * @param table its {@code data.table}
   * @param overrides what it says else
   */
  static Recipe refcoco(Path table, List<String> overrides) {
    return parse(TEXT.formatted("refcoco", "[0, 4, 2, 3]"), table, overrides);
  }

  private static Recipe parse(String text, Path table, List<String> overrides) {
    List<String> all = new ArrayList<>(overrides);
    all.add("data.table=" + table);
    return RecipeReader.parse("test.conf", text, all);
  }
}
