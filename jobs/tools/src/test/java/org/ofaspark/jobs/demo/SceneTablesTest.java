package org.ofaspark.jobs.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.data.Example;
import org.ofaspark.image.ImageLimits;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;
import org.ofaspark.task.InputRow.Purpose;
import org.ofaspark.task.RowOutcome;
import org.ofaspark.task.RowReader;
import org.ofaspark.task.caption.CaptionTask;
import org.ofaspark.task.refcoco.RefcocoTask;
import org.ofaspark.text.BytePairEncoding;
import org.ofaspark.text.Dictionary;
import org.ofaspark.text.TokenCodec;

class SceneTablesTest {

  private static final BytePairEncoding BPE = BytePairEncoding.gpt2();

  @TempDir private Path folder;

  @Test
  void everyCaptionRowBecomesAnExample() throws IOException {
    List<Scene> scenes = new SceneGenerator(1).next(20);
    var tables = new SceneTables(folder);
    tables.writeTraining("train", scenes);
    tables.writeHeldOut("test", scenes);

    List<Example> train = examples("caption", "train", Purpose.TRAINING);
    assertThat(train).hasSize(80).extracting(Example::exampleId).doesNotHaveDuplicates();
    assertThat(train.get(0).text()).isEqualTo(scenes.get(0).captions().get(0));
    assertThat(train.get(0).image().width()).isEqualTo(ScenePicture.SIDE);
    List<Example> test = examples("caption", "test", Purpose.EVALUATION);
    assertThat(test)
        .hasSize(20)
        .allSatisfy(row -> assertThat(row.own().get(CaptionTask.REFERENCES)).hasSize(4));
    assertThat(test.get(3).imageId()).isEqualTo("test-3");
  }

  @Test
  void everyExpressionRowBecomesAnExampleWithTheBoxOfItsShape() throws IOException {
    List<Scene> scenes = new SceneGenerator(1).next(20);
    int shapes = scenes.stream().mapToInt(scene -> scene.shapes().size()).sum();
    var tables = new SceneTables(folder);
    tables.writeTraining("train", scenes);
    tables.writeHeldOut("test", scenes);

    assertThat(examples("refcoco", "train", Purpose.TRAINING)).hasSize(2 * shapes);
    List<Example> test = examples("refcoco", "test", Purpose.EVALUATION);
    assertThat(test).hasSize(shapes).extracting(Example::exampleId).doesNotHaveDuplicates();
    Shape first = scenes.get(0).shapes().get(0);
    assertThat(scenes.get(0).expressions(first)).contains(test.get(0).text());
    assertThat(test.get(0).own().get(RefcocoTask.REGION))
        .containsExactly(
            (float) first.left(),
            (float) first.top(),
            (float) first.right(),
            (float) first.bottom());
  }

  @Test
  void theFirstPicturesLieBesideTheTables() throws IOException {
    List<Scene> scenes = new SceneGenerator(1).next(3);
    var tables = new SceneTables(folder);
    tables.writeHeldOut("test", scenes);
    tables.writePictures("test", scenes);
    assertThat(folder.resolve("test-2.png")).hasBinaryContent(ScenePicture.png(scenes.get(2)));
  }

  @Test
  void swappedCaptionsAreThoseOfOtherScenes() throws IOException {
    List<Scene> scenes = new SceneGenerator(1).next(50);
    var tables = new SceneTables(folder);
    tables.writeSwappedCaptions("train", scenes, 0.1, 1);

    List<Example> examples = examples("caption", "train", Purpose.TRAINING);
    assertThat(examples).hasSize(200);
    List<String> swapped = new ArrayList<>();
    List<String> meant = new ArrayList<>();
    for (int row = 0; row < examples.size(); row++) {
      Example example = examples.get(row);
      List<String> captions = scenes.get(row / 4).captions();
      assertThat(example.imageId()).isEqualTo("train-" + row / 4);
      if (example.exampleId().endsWith(SceneTables.SWAPPED)) {
        assertThat(captions).doesNotContain(example.text());
        swapped.add(example.text());
        meant.add(captions.get(row % 4));
      } else {
        assertThat(example.text()).isEqualTo(captions.get(row % 4));
      }
    }
    assertThat(swapped).hasSize(20).containsExactlyInAnyOrderElementsOf(meant);
  }

  /** Reads a table as preprocess does, with the demo's recipe. */
  private List<Example> examples(String task, String split, Purpose purpose) throws IOException {
    Recipe recipe = RecipeReader.read("demo/%s.conf".formatted(task), List.of());
    List<String> lines = Files.readAllLines(folder.resolve("%s_%s.tsv".formatted(task, split)));
    Map<String, Long> counts = new HashMap<>();
    for (String line : lines) {
      for (String text :
          RowReader.encodedTexts(
              recipe.task(), purpose, recipe.data(), line.getBytes(StandardCharsets.UTF_8))) {
        for (int symbol : BPE.encode(text)) {
          counts.merge(Integer.toString(symbol), 1L, Long::sum);
        }
      }
    }
    Dictionary dictionary = Dictionary.ofCounts(counts).withTaskSymbols(0, recipe.data().numBins());
    int maxTokens =
        Math.min(recipe.model().maxSourcePositions(), recipe.model().maxTargetPositions());
    var reader =
        new RowReader(
            recipe.task(),
            purpose,
            recipe.data(),
            maxTokens,
            new TokenCodec(BPE, dictionary),
            ImageLimits.NONE);
    List<Example> examples = new ArrayList<>();
    for (String line : lines) {
      RowOutcome outcome = reader.read(line.getBytes(StandardCharsets.UTF_8));
      assertThat(outcome).isInstanceOf(RowOutcome.Accepted.class);
      examples.add(((RowOutcome.Accepted) outcome).example());
    }
    return examples;
  }
}
