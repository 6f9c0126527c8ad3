package org.ofaspark.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.criterion.Criterion;
import org.ofaspark.criterion.CriterionConfig;
import org.ofaspark.criterion.Drop;
import org.ofaspark.criterion.EncouragingLoss;
import org.ofaspark.data.DataConfig;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.evaluate.Evaluator.Evaluated;
import org.ofaspark.generate.GenerateConfig;
import org.ofaspark.generate.Sampling;
import org.ofaspark.generate.SequenceGenerator;
import org.ofaspark.golden.Golden;
import org.ofaspark.golden.GoldenModel;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.image.Box;
import org.ofaspark.image.ResizeRatios;
import org.ofaspark.metric.CachedFrequency;
import org.ofaspark.metric.CaptionWords;
import org.ofaspark.metric.CiderScorer;
import org.ofaspark.metric.NgramCounts;
import org.ofaspark.metric.RefcocoAccuracy;
import org.ofaspark.model.OfaConfig;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.task.Prediction;
import org.ofaspark.task.Task;
import org.ofaspark.task.caption.CaptionTask;
import org.ofaspark.task.refcoco.RefcocoTask;
import org.ofaspark.tensor.FloatType;
import org.ofaspark.text.BytePairEncoding;
import org.ofaspark.text.CaptionText;
import org.ofaspark.text.ConstraintRange;
import org.ofaspark.text.Dictionary;
import org.ofaspark.text.TokenCodec;

/** Whole validation steps against upstream's. */
class EvaluatorGoldenTest {

  private static final JsonObject GOLDEN = Golden.object("metrics/valid_step.json");

  private final NDManager manager = TestDevice.newManager();
  private final OfaConfig config = GoldenModel.config();
  private final OfaModel model = new OfaModel(config, manager);
  private final StateDict state = GoldenModel.state(config, manager);

  @AfterEach
  void close() {
    state.close();
    model.close();
    manager.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"refcoco", "refcoco_constraint"})
  void refcocoStepEqualsUpstream(String name) throws IOException {
    JsonObject golden = GOLDEN.getAsJsonObject(name);
    Golden.Tensors tensors =
        Golden.tensors("metrics/valid_step_%s_batch.safetensors".formatted(name));
    GoldenModel.override(state, tensors);
    MicroBatch batch = GoldenModel.batch(tensors, "");
    List<ResizeRatios> ratios = new ArrayList<>();
    for (int i = 0; i < batch.size(); i++) {
      ratios.add(
          new ResizeRatios(
              number(golden, "w_resize_ratios", i), number(golden, "h_resize_ratios", i)));
    }

    List<Evaluated> evaluated = evaluate(golden, batch, new RefcocoTask(), ratios);

    assertLoss(golden, evaluated.stream().map(Evaluated::loss).toList());
    List<Prediction> predictions =
        evaluated.stream().map(one -> one.prediction().orElseThrow()).toList();

    RefcocoAccuracy accuracy = RefcocoAccuracy.EMPTY;
    for (int i = 0; i < predictions.size(); i++) {
      List<Float> actual = predictions.get(i).own().require(RefcocoTask.BOX);
      float[] expected = row(golden, "hyp_boxes_in_image_pixels", i);
      for (int k = 0; k < 4; k++) {
        assertThat((double) actual.get(k))
            .isCloseTo(expected[k], within(1e-6 * Math.max(1, Math.abs(expected[k]))));
      }
      float[] region = row(golden, "region_coords", i);
      accuracy =
          accuracy.plus(
              RefcocoAccuracy.of(box(actual), new Box(region[0], region[1], region[2], region[3])));
    }
    JsonObject logging = golden.getAsJsonObject("logging");
    assertThat(accuracy.correct()).isEqualTo(logging.get("_score_sum").getAsLong());
    assertThat(accuracy.examples()).isEqualTo(logging.get("_score_cnt").getAsLong());
  }

  @Test
  void captionStepEqualsUpstream() throws IOException {
    JsonObject golden = GOLDEN.getAsJsonObject("caption");
    MicroBatch batch =
        GoldenModel.batch(Golden.tensors("metrics/" + golden.get("batch").getAsString()), "");
    var scorer = new CiderScorer(CachedFrequency.golden());

    List<Evaluated> evaluated =
        evaluate(
            golden,
            batch,
            new CaptionTask(),
            Collections.nCopies(batch.size(), new ResizeRatios(1, 1)));

    assertLoss(golden, evaluated.stream().map(Evaluated::loss).toList());
    List<Prediction> predictions =
        evaluated.stream().map(one -> one.prediction().orElseThrow()).toList();

    assertThat(predictions.stream().map(Prediction::text))
        .containsExactlyElementsOf(texts(golden.getAsJsonArray("hyps")));
    double sum = 0;
    for (int i = 0; i < predictions.size(); i++) {
      List<String> references = references(batch, i);
      assertThat(references)
          .containsExactlyElementsOf(texts(golden.getAsJsonArray("refs").get(i).getAsJsonArray()));
      sum +=
          scorer.score(
              counts(predictions.get(i).text()),
              references.stream().map(EvaluatorGoldenTest::counts).toList());
    }
    JsonObject logging = golden.getAsJsonObject("logging");
    assertThat(sum).isCloseTo(logging.get("_cider_score_sum").getAsDouble(), within(1e-9));
    assertThat((double) predictions.size()).isEqualTo(logging.get("_cider_cnt").getAsDouble());
  }

  /** Upstream takes the references out of the target tokens. */
  private static List<String> references(MicroBatch batch, int row) throws IOException {
    int length = batch.targetLength();
    int[] tokens =
        Arrays.stream(batch.targets(), row * length, (row + 1) * length)
            .mapToInt(token -> (int) token)
            .toArray();
    return CaptionText.references(codec().decode(tokens));
  }

  private static NgramCounts counts(String text) {
    return NgramCounts.of(CaptionWords.atWhiteSpace(text));
  }

  private static JsonObject args() {
    return Golden.object("model/config.json").getAsJsonObject("args");
  }

  private static Criterion criterion() {
    return new Criterion(
        new CriterionConfig(
            new EncouragingLoss(
                args().get("label_smoothing").getAsDouble(), args().get("log_end").getAsDouble()),
            Drop.NONE,
            Drop.NONE,
            false,
            1,
            false,
            0,
            false,
            Optional.empty(), // the criterion has an option of its own
            false));
  }

  private List<Evaluated> evaluate(
      JsonObject golden, MicroBatch batch, Task task, List<ResizeRatios> ratios)
      throws IOException {
    List<String> ids = IntStream.range(0, batch.size()).mapToObj(String::valueOf).toList();
    return evaluator(golden, task).evaluate(batch, ids, ratios);
  }

  private Evaluator evaluator(JsonObject golden, Task task) throws IOException {
    JsonObject args = args();
    Optional<ConstraintRange> range = Optional.empty();
    if (golden.has("constraint_range") && !golden.get("constraint_range").isJsonNull()) {
      String[] bounds = golden.get("constraint_range").getAsString().split(",", -1);
      range =
          Optional.of(
              new ConstraintRange(Integer.parseInt(bounds[0]), Integer.parseInt(bounds[1])));
    }
    var generator =
        new SequenceGenerator(
            model, state, generateConfig(golden, range), 0, config.maxTargetPositions());
    int size = args.get("patch_image_size").getAsInt();
    int maxImageSize = args.get("max_image_size").getAsInt();
    int bins = args.get("num_bins").getAsInt();
    return new Evaluator(
        model,
        state,
        criterion(),
        generator,
        task,
        codec(),
        new DataConfig(List.of(0, 1, 2, 3), 4, 0, 80, 20, size, maxImageSize, bins, 0, false),
        FloatType.FLOAT32);
  }

  /** Upstream's defaults, and what the step changes. */
  private static GenerateConfig generateConfig(JsonObject golden, Optional<ConstraintRange> range) {
    JsonObject args = golden.getAsJsonObject("eval_args");
    return new GenerateConfig(
        args.get("beam").getAsInt(),
        args.has("max_len_a") ? args.get("max_len_a").getAsDouble() : 0,
        args.has("max_len_b") ? args.get("max_len_b").getAsInt() : 200,
        args.has("min_len") ? args.get("min_len").getAsInt() : 1,
        1,
        false,
        args.has("unkpen") ? args.get("unkpen").getAsDouble() : 0,
        1,
        args.has("no_repeat_ngram_size") ? args.get("no_repeat_ngram_size").getAsInt() : 0,
        range,
        false,
        Sampling.OFF);
  }

  private static TokenCodec codec() throws IOException {
    JsonArray symbols =
        Golden.object("model/config.json").getAsJsonObject("vocab").getAsJsonArray("symbols");
    StringBuilder dictTxt = new StringBuilder();
    for (JsonElement symbol : symbols.asList().subList(4, symbols.size())) {
      dictTxt.append(symbol.getAsString()).append(" 1\n");
    }
    return new TokenCodec(
        BytePairEncoding.gpt2(), Dictionary.read(new StringReader(dictTxt.toString())));
  }

  private static void assertLoss(JsonObject golden, List<ExampleLoss> losses) {
    JsonObject logging = golden.getAsJsonObject("logging");
    double loss = golden.get("loss").getAsDouble();
    assertThat(losses.stream().mapToDouble(ExampleLoss::loss).sum())
        .isCloseTo(loss, within(1e-5 * loss));
    double nll = logging.get("nll_loss").getAsDouble();
    assertThat(losses.stream().mapToDouble(ExampleLoss::nllLoss).sum())
        .isCloseTo(nll, within(1e-5 * nll));
    assertThat(losses.stream().mapToLong(ExampleLoss::tokens).sum())
        .isEqualTo(golden.get("sample_size").getAsLong())
        .isEqualTo(logging.get("ntokens").getAsLong());
    assertThat(losses).hasSize(logging.get("nsentences").getAsInt());
  }

  private static float number(JsonObject golden, String name, int i) {
    return golden.getAsJsonArray(name).get(i).getAsFloat();
  }

  private static float[] row(JsonObject golden, String name, int i) {
    JsonArray numbers = golden.getAsJsonArray(name).get(i).getAsJsonArray();
    float[] row = new float[numbers.size()];
    for (int k = 0; k < row.length; k++) {
      row[k] = numbers.get(k).getAsFloat();
    }
    return row;
  }

  private static Box box(List<Float> corners) {
    return new Box(corners.get(0), corners.get(1), corners.get(2), corners.get(3));
  }

  private static List<String> texts(JsonArray array) {
    return array.asList().stream().map(JsonElement::getAsString).toList();
  }
}
