package org.ofaspark.jobs.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.repository.zoo.Criteria;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.djl.OfaTranslatorFactory;
import org.ofaspark.golden.Golden;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.jobs.NanoRecipe;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.OnlyAttempt;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.jobs.table.BpeFiles;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.caption.CaptionTask;
import org.ofaspark.text.Dictionary;

/** Export of a run as a DJL model directory. */
class DjlFormatTest {

  private static final long UPDATE = 4;

  @TempDir private Path folder;
  private final HadoopFiles files = new HadoopFiles(new Configuration());
  private RunDirectory run;
  private String target;

  @BeforeEach
  void writeRun() throws IOException {
    Recipe recipe = NanoRecipe.of(new CaptionTask(), folder, "run");
    run = new RunDirectory(files, recipe.runDir());
    target = folder.resolve("model").toString();
    Dictionary dictionary = dictionary(recipe, 300);
    Vocabulary.of(dictionary, BpeFiles.BUILT_IN).write(files, recipe.table().table());
    files.writeText(run.recipe(), recipe.resolvedText());
    try (NDManager manager = TestDevice.newManager();
        var state = new StateDict(OfaModel.specs(recipe.model(), dictionary.size()), manager)) {
      state.initialize(3);
      var plan = WeightFiles.plan(state.specs(), WeightFiles.DEFAULT_MAX_BYTES);
      files.write(
          OnlyAttempt.directory(run, UPDATE) + "/" + WeightFiles.SINGLE,
          out -> WeightFiles.write(out, plan.values().iterator().next(), state));
    }
    OnlyAttempt.commit(
        run, new Manifest(Manifest.VERSION, UPDATE, 1, 1, 1, 0, 1, 0, List.of(), Map.of()));
    run.checkpointWriter().markBest(UPDATE);
  }

  private static Dictionary dictionary(Recipe recipe, int words) {
    Map<String, Long> counts =
        IntStream.range(0, words).boxed().collect(Collectors.toMap(String::valueOf, word -> 1L));
    return Dictionary.ofCounts(counts)
        .withTaskSymbols(recipe.data().codeDictSize(), recipe.data().numBins());
  }

  private TransferSummary export(String source) throws IOException {
    return new Export(files).run(source, target, "djl");
  }

  @Test
  void exportOfARunIsLoadedByDjl() throws Exception {
    TransferSummary summary = export(run.path());

    assertThat(summary.files())
        .containsExactlyInAnyOrder(
            "dict.txt", WeightFiles.SINGLE, "recipe.conf", "serving.properties");
    assertThat(Path.of(target, WeightFiles.SINGLE))
        .hasSameBinaryContentAs(
            folder.resolve("run/checkpoints/update-00000004/" + WeightFiles.SINGLE));
    Path photo;
    try (var photos = Files.list(Golden.dir().resolve("image/files"))) {
      photo =
          photos.filter(file -> file.toString().endsWith(".decoded.png")).findFirst().orElseThrow();
    }
    var criteria =
        Criteria.builder()
            .setTypes(byte[].class, byte[].class)
            .optModelPath(Path.of(target))
            .optTranslatorFactory(new OfaTranslatorFactory())
            .build();
    try (var model = criteria.loadModel();
        var predictor = model.newPredictor()) {
      assertThat(predictor.predict(Files.readAllBytes(photo))).isNotNull();
    }
  }

  @Test
  void weightsAloneDoNotSayWhatTheyAreAsked() {
    String weights = run.checkpoint(UPDATE);
    assertThatThrownBy(() -> export(weights))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "RUN: %s (expected: a run, whose recipe and table say what the model is asked)"
                .formatted(weights));
  }

  @Test
  void tableThatHasChangedIsAnError() throws IOException {
    Recipe recipe = NanoRecipe.of(new CaptionTask(), folder, "run");
    Vocabulary.of(dictionary(recipe, 200), BpeFiles.BUILT_IN).write(files, recipe.table().table());
    assertThatThrownBy(() -> export(run.path()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageEndingWith(
            "a vocabulary of 213 symbols (expected: that of the run, 313 symbols)");
    assertThat(files.exists(target)).isFalse();
  }
}
