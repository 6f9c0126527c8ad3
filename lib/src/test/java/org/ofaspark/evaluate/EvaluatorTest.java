package org.ofaspark.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.io.StringReader;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.ofaspark.criterion.Criterion;
import org.ofaspark.criterion.CriterionConfig;
import org.ofaspark.criterion.CriterionConfig.Loss;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.data.Task;
import org.ofaspark.evaluate.Evaluator.Evaluated;
import org.ofaspark.generate.GenerateConfig;
import org.ofaspark.generate.SequenceGenerator;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.image.BoxBins;
import org.ofaspark.image.ResizeRatios;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.nn.TensorSpec.Role;
import org.ofaspark.tensor.Autograd;
import org.ofaspark.tensor.FloatType;
import org.ofaspark.text.BytePairEncoding;
import org.ofaspark.text.Dictionary;
import org.ofaspark.text.TokenCodec;
import org.ofaspark.train.NanoModel;

class EvaluatorTest {

  private static final int CODES = 3;
  private static final int BINS = 12;

  private final NDManager manager = TestDevice.newManager();
  private final OfaModel model = new OfaModel(NanoModel.CONFIG, manager);
  private final StateDict state = NanoModel.state(manager);
  private final Criterion criterion =
      new Criterion(CriterionConfig.plain(Loss.ENCOURAGING, 0.1, 0.75));
  private final ExampleLosses losses = new ExampleLosses(model, state, criterion);
  private Evaluator evaluator;

  @BeforeEach
  void createEvaluator() throws IOException {
    evaluator =
        new Evaluator(
            model,
            state,
            criterion,
            new SequenceGenerator(
                model, state, GenerateConfig.plain(3, 1, 8), NanoModel.CONFIG.maxTargetPositions()),
            new TokenCodec(BytePairEncoding.gpt2(), dictionary()),
            new BoxBins(NanoModel.PIXELS, NanoModel.PIXELS, BINS),
            FloatType.FLOAT32);
  }

  @AfterEach
  void close() {
    state.close();
    model.close();
    manager.close();
  }

  private static Dictionary dictionary() throws IOException {
    int words = NanoModel.VOCABULARY - 4 - 1 - CODES - BINS; // the special symbols and the mask
    String dictTxt =
        IntStream.range(0, words).mapToObj(i -> i + " 1\n").collect(Collectors.joining());
    Dictionary dictionary = Dictionary.read(new StringReader(dictTxt)).withTaskSymbols(CODES, BINS);
    assertThat(dictionary.size()).isEqualTo(NanoModel.VOCABULARY);
    return dictionary;
  }

  private List<Evaluated> evaluate(MicroBatch batch, Task task) {
    List<String> ids = Collections.nCopies(batch.size(), "example");
    return evaluator.evaluate(
        batch, ids, task, Collections.nCopies(batch.size(), new ResizeRatios(1, 1)));
  }

  private List<Prediction> predict(MicroBatch batch, Task task) {
    return evaluate(batch, task).stream().map(one -> one.prediction().orElseThrow()).toList();
  }

  private void evaluate(int seed) {
    MicroBatch batch = NanoModel.batch(seed);
    assertThat(losses.of(batch)).hasSize(batch.size());
    assertThat(predict(batch, Task.CAPTION)).hasSize(batch.size());
    assertThat(predict(batch, Task.REFCOCO)).hasSize(batch.size());
  }

  @Test
  void numbersThatAreNotFiniteMakeNoPrediction() {
    Autograd.withoutRecording(() -> state.vector(Role.TRAINABLE).array().muli(Float.NaN));

    for (Task task : Task.values()) {
      assertThat(evaluate(NanoModel.batch(0), task))
          .isNotEmpty()
          .allMatch(one -> one.prediction().isEmpty());
    }
  }

  /** Counts the arrays of the manager and of those below it. */
  private int arrays() {
    return manager.getManagedArrays().size();
  }

  @Test
  void batchLeavesNoArrayBehind() {
    evaluate(0); // fills the tables that the model keeps
    int before = arrays();
    for (int seed = 1; seed < 4; seed++) {
      evaluate(seed);
    }
    assertThat(arrays()).isEqualTo(before);
  }

  @Test
  void batchThatFailsLeavesNoArrayBehind() {
    evaluate(0);
    MicroBatch badSource = NanoModel.batch(1);
    badSource.sourceTokens()[1] = NanoModel.VOCABULARY;
    MicroBatch badTarget = NanoModel.batch(1);
    badTarget.targets()[0] = NanoModel.VOCABULARY; // seen only after the whole network has run
    int before = arrays();

    assertFails(() -> losses.of(badSource));
    assertFails(() -> losses.of(badTarget));
    assertFails(() -> predict(badSource, Task.CAPTION));

    assertThat(arrays()).isEqualTo(before);
  }

  private static void assertFails(Runnable evaluation) {
    assertThatThrownBy(evaluation::run)
        .isInstanceOf(EngineException.class)
        .hasMessageContaining("out of");
  }

  @Test
  void batchThatFailsDoesNotDisturbTheNext() {
    MicroBatch good = NanoModel.batch(2);
    List<ExampleLoss> before = losses.of(good);
    List<Prediction> predictions = predict(good, Task.CAPTION);
    MicroBatch bad = NanoModel.batch(1);
    bad.sourceTokens()[1] = NanoModel.VOCABULARY;

    assertFails(() -> losses.of(bad));
    assertFails(() -> predict(bad, Task.CAPTION));

    assertThat(losses.of(good)).isEqualTo(before);
    assertThat(predict(good, Task.CAPTION)).isEqualTo(predictions);
  }

  @Test
  void lossesAreThoseWithoutAnswers() {
    MicroBatch batch = NanoModel.batch(2);
    assertThat(evaluate(batch, Task.CAPTION).stream().map(Evaluated::loss))
        .containsExactlyElementsOf(losses.of(batch));
  }

  @Test
  void answersDoNotDependOnTheTargets() {
    MicroBatch batch = NanoModel.batch(2);
    List<Prediction> predictions = predict(batch, Task.CAPTION);
    for (int i = 0; i < batch.targets().length; i++) {
      batch.targets()[i] = 4;
      batch.previousOutput()[i] = 4;
    }
    assertThat(predict(batch, Task.CAPTION)).isEqualTo(predictions);
  }
}
