package org.ofaspark.djl;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.criterion.Criterion;
import org.ofaspark.data.Collator;
import org.ofaspark.data.Example;
import org.ofaspark.data.PatchImages;
import org.ofaspark.evaluate.Evaluator;
import org.ofaspark.generate.SequenceGenerator;
import org.ofaspark.golden.Golden;
import org.ofaspark.golden.NanoModel;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;
import org.ofaspark.task.InputRow;
import org.ofaspark.task.Prediction;
import org.ofaspark.task.RowOutcome;
import org.ofaspark.task.RowReader;
import org.ofaspark.task.Task;
import org.ofaspark.task.caption.CaptionTask;
import org.ofaspark.tensor.FloatType;
import org.ofaspark.text.BytePairEncoding;
import org.ofaspark.text.Dictionary;
import org.ofaspark.text.TokenCodec;
import org.ofaspark.text.VocabularyFiles;

/**
 * The rows of a golden table, a small random model for them, and its answers as rows of a table.
 */
final class GoldenRows {

  private final Recipe recipe;
  private final TokenCodec codec;
  private final List<Example> examples = new ArrayList<>();

  private GoldenRows(Recipe recipe, TokenCodec codec) {
    this.recipe = recipe;
    this.codec = codec;
  }

  static GoldenRows of(Task task) throws IOException {
    String name = task.name();
    List<String> lines =
        new String(Golden.bytes("dataset/%s.tsv".formatted(name)), StandardCharsets.UTF_8)
            .lines()
            .toList();
    Recipe recipe = recipe(task);
    var rows = new GoldenRows(recipe, codec(recipe, lines));
    var reader =
        new RowReader(
            task,
            InputRow.Purpose.EVALUATION,
            recipe.data(),
            recipe.maxTokens(),
            rows.codec,
            recipe.preprocess().imageLimits());
    for (String line : lines) {
      RowOutcome outcome = reader.read(line.getBytes(StandardCharsets.UTF_8));
      assertThat(outcome).isInstanceOf(RowOutcome.Accepted.class);
      rows.examples.add(((RowOutcome.Accepted) outcome).example());
    }
    return rows;
  }

  private static Recipe recipe(Task task) {
    boolean isCaption = task.equals(new CaptionTask());
    return RecipeReader.read(
        isCaption
            ? "../conf/caption/train_caption_stage1_el.conf"
            : "../conf/refcoco/train_refcoco_el.conf",
        Stream.concat(
                NanoModel.SETTINGS.stream(),
                Stream.of(
                    "run-dir=run",
                    "data.table=table",
                    "generate.beam=3",
                    "generate.constraint-range=null",
                    "data.max-image-size=32", // as data.patch-image-size: every bin is in the image
                    "generate.only-bins=" + !isCaption, // of which some are boxes
                    "generate.no-repeat-ngram-size=" + (isCaption ? 3 : 1),
                    isCaption ? "generate.max-len-b=5" : "generate.max-len-b=4",
                    isCaption ? "generate.min-len=1" : "generate.min-len=4"))
            .toList());
  }

  /** Counts the symbols of the rows, as a table without a dictionary does. */
  private static TokenCodec codec(Recipe recipe, List<String> lines) {
    Map<String, Long> counts = new HashMap<>();
    for (String line : lines) {
      String text = line.split("\t", -1)[2] + " what does the image describe which region text";
      Arrays.stream(BytePairEncoding.gpt2().encode(text))
          .forEach(id -> counts.merge(Integer.toString(id), 1L, Long::sum));
    }
    return new TokenCodec(
        BytePairEncoding.gpt2(),
        Dictionary.ofCounts(counts)
            .withTaskSymbols(recipe.data().codeDictSize(), recipe.data().numBins()));
  }

  List<Example> examples() {
    return examples;
  }

  /** Writes the model. */
  void write(Path directory) throws IOException {
    Files.writeString(directory.resolve(ModelDirectory.PROPERTIES), ModelDirectory.properties());
    Files.writeString(directory.resolve(ModelDirectory.RECIPE), recipe.resolvedText());
    try (Writer dictTxt = Files.newBufferedWriter(directory.resolve(VocabularyFiles.DICTIONARY))) {
      codec.dictionary().write(dictTxt);
    }
    try (NDManager manager = TestDevice.newManager();
        StateDict state = state(manager)) {
      long twoFiles = state.specs().stream().mapToLong(spec -> spec.size() * Float.BYTES).sum() / 2;
      var plan = WeightFiles.plan(state.specs(), twoFiles + 100_000);
      for (var file : plan.entrySet()) {
        try (OutputStream out = Files.newOutputStream(directory.resolve(file.getKey()))) {
          WeightFiles.write(out, file.getValue(), state);
        }
      }
      Files.writeString(directory.resolve(WeightFiles.INDEX), WeightFiles.index(plan));
    }
  }

  /** Large random values, so that answers differ from image to image. */
  private StateDict state(NDManager manager) {
    var state = new StateDict(OfaModel.specs(recipe.model(), codec.dictionary().size()), manager);
    state.initialize(3);
    for (var spec : state.specs()) {
      if (spec.name().contains("attn") && spec.name().endsWith("proj.weight")) {
        float[] values = state.get(spec.name());
        for (int i = 0; i < values.length; i++) {
          values[i] *= 20;
        }
        state.set(spec.name(), values);
      }
    }
    return state;
  }

  /** Answers the rows one by one, as the evaluate job does. */
  List<Prediction> predictions() {
    List<Prediction> predictions = new ArrayList<>();
    try (NDManager manager = TestDevice.newManager();
        var network = new OfaModel(recipe.model(), manager);
        StateDict state = state(manager)) {
      var generator =
          new SequenceGenerator(
              network,
              state,
              recipe.generate(),
              recipe.data().numBins(),
              recipe.model().maxTargetPositions());
      var evaluator =
          new Evaluator(
              network,
              state,
              new Criterion(recipe.criterion()),
              generator,
              recipe.task(),
              codec,
              recipe.data(),
              FloatType.FLOAT32);
      var images = new PatchImages(recipe.data());
      for (Example example : examples) {
        var batch =
            Collator.collate(
                List.of(example), List.of(images.read(example.image())), images.size());
        var ratios =
            recipe.data().boxBins().ratios(example.image().width(), example.image().height());
        evaluator
            .evaluate(batch, List.of(example.exampleId()), List.of(ratios))
            .forEach(evaluated -> predictions.add(evaluated.prediction().orElseThrow()));
      }
    }
    return predictions;
  }
}
