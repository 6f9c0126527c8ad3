package org.ofaspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;
import org.ofaspark.task.refcoco.RefcocoTask;

class RecipesInTheJarTest {

  @ParameterizedTest
  @ValueSource(
      strings = {"conf/refcocog/train_refcocog_el.conf", "refcocog/train_refcocog_el.conf"})
  void recipesAreReadWhereTheProjectIsNot(String name) {
    Recipe recipe = RecipeReader.read(name, List.of("run-dir=hdfs:///runs/el"));
    assertThat(recipe.task()).isEqualTo(new RefcocoTask());
    assertThat(recipe.runDir()).isEqualTo("hdfs:///runs/el");
    assertThat(recipe.initialWeights().arch()).isEqualTo("ofa_large");
  }
}
