package org.ofaspark.recipe;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.ofaspark.config.Group;
import org.ofaspark.config.Key;
import org.ofaspark.config.Key.Product;
import org.ofaspark.config.RecordKeys;
import org.ofaspark.criterion.CrossEntropy;
import org.ofaspark.criterion.EncouragingLoss;

/** What the keys of recipes decide. */
class RecordKeysTest {

  private static final String CAPTION = "caption/train_caption_stage1_el_db.conf";

  private static Recipe read(String... overrides) {
    List<String> all = new ArrayList<>(List.of("data.table=t", "run-dir=r"));
    all.addAll(List.of(overrides));
    return RecipeReader.read(ConfFolder.path(CAPTION), all);
  }

  @Test
  void everyComponentOfARecordOfKeysSaysWhatDependsOnIt() {
    List<String> unmarked = new ArrayList<>();
    collectUnmarked(Recipe.class, unmarked);
    collectUnmarked(CrossEntropy.class, unmarked);
    collectUnmarked(EncouragingLoss.class, unmarked);
    assertThat(unmarked).containsExactly("Recipe.resolvedText"); // which is all of them
  }

  private static void collectUnmarked(Class<?> record, List<String> unmarked) {
    for (RecordComponent component : record.getRecordComponents()) {
      if (component.isAnnotationPresent(Group.class)) {
        collectUnmarked(component.getType(), unmarked);
      } else if (!component.isAnnotationPresent(Key.class)) {
        unmarked.add(record.getSimpleName() + "." + component.getName());
      }
    }
  }

  @Test
  void keysAreThoseOfTheRecipe() {
    var keys = new TreeSet<String>();
    for (Product product : Product.values()) {
      keys.addAll(read().deciding(product).keySet());
    }
    assertThat(keys)
        .contains("task", "model.encoder-layers", "criterion.drop-best.ratio", "ema.decay")
        .contains("criterion.criterion", "criterion.label-smoothing", "criterion.log-end")
        .doesNotContain("train.log-interval", "data.table", "evaluate.page-examples");
    Config all = ConfigFactory.parseString(read().resolvedText());
    assertThat(keys).allMatch(all::hasPathOrNull);
  }

  @Test
  void tableDependsOnWhatItsExamplesAreMadeOf() {
    assertThat(read().deciding(Product.TABLE))
        .isEqualTo(
            Map.of(
                "task", "caption",
                "data.train-split", "train",
                "data.selected-cols", "[0, 4, 2]",
                "data.columns", "5",
                "data.image-id-col", "1",
                "data.num-bins", "1000",
                "data.code-dict-size", "8192",
                "model.max-source-positions", "1024",
                "model.max-target-positions", "1024"));
  }

  @Test
  void rankingDependsOnTheLossWhateverTheObjectiveIs() {
    Map<String, String> expected =
        Map.of(
            "criterion.label-smoothing", "0.1",
            "criterion.log-end", "0.5",
            "criterion.ignore-eos", "false",
            "criterion.ignore-prefix-size", "0",
            "criterion.constraint-range", "4,100",
            "data.patch-image-size", "480",
            "data.imagenet-default-mean-and-std", "false");
    for (String loss : List.of(CrossEntropy.NAME, EncouragingLoss.NAME)) {
      Recipe recipe =
          read(
              "criterion.criterion=" + loss,
              "criterion.log-end=0.5",
              "criterion.constraint-range=\"4,100\"");
      assertThat(recipe.deciding(Product.RANKING)).isEqualTo(expected);
    }
  }

  @Test
  void keysOfARecordHaveItsValues() {
    assertThat(RecordKeys.values("ranking", read().ranking()))
        .isEqualTo(Map.of("ranking.score", "LOSS", "ranking.interval", "0"));
  }
}
