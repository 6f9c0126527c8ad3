package org.ofaspark.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.ofaspark.criterion.Criterion;
import org.ofaspark.criterion.CriterionConfig;
import org.ofaspark.criterion.EncouragingLoss;
import org.ofaspark.data.DataConfig;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.evaluate.Evaluator.Evaluated;
import org.ofaspark.generate.GenerateConfig;
import org.ofaspark.generate.SequenceGenerator;
import org.ofaspark.golden.TestDevice;
import org.ofaspark.image.ResizeRatios;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.StateDict;
import org.ofaspark.nn.TensorSpec.Role;
import org.ofaspark.task.Prediction;
import org.ofaspark.task.Task;
import org.ofaspark.task.Tasks;
import org.ofaspark.task.caption.CaptionTask;
import org.ofaspark.task.refcoco.RefcocoTask;
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
      new Criterion(CriterionConfig.plain(new EncouragingLoss(0.1, 0.75)));
  private final ExampleLosses losses = new ExampleLosses(model, state, criterion);

  private Evaluator evaluator(Task task) {
    return new Evaluator(
        model,
        state,
        criterion,
        new SequenceGenerator(
            model, state, GenerateConfig.plain(3, 1, 8), 0, NanoModel.CONFIG.maxTargetPositions()),
        task,
        new TokenCodec(BytePairEncoding.gpt2(), dictionary()),
        new DataConfig(
            List.of(0, 1, 2), 3, 0, 80, 20, NanoModel.PIXELS, NanoModel.PIXELS, BINS, 0, false),
        FloatType.FLOAT32);
  }

  @AfterEach
  void close() {
    state.close();
    model.close();
    manager.close();
  }

  private static Dictionary dictionary() {
    int words = NanoModel.VOCABULARY - 4 - 1 - CODES - BINS; // the special symbols and the mask
    Map<String, Long> counts =
        IntStream.range(0, words).boxed().collect(Collectors.toMap(String::valueOf, i -> 1L));
    Dictionary dictionary = Dictionary.ofCounts(counts).withTaskSymbols(CODES, BINS);
    assertThat(dictionary.size()).isEqualTo(NanoModel.VOCABULARY);
    return dictionary;
  }

  private List<Evaluated> evaluate(MicroBatch batch, Task task) {
    List<String> ids = Collections.nCopies(batch.size(), "example");
    return evaluator(task)
        .evaluate(batch, ids, Collections.nCopies(batch.size(), new ResizeRatios(1, 1)));
  }

  private List<Prediction> predict(MicroBatch batch, Task task) {
    return evaluate(batch, task).stream().map(one -> one.prediction().orElseThrow()).toList();
  }

  private void evaluate(int seed) {
    MicroBatch batch = NanoModel.batch(seed);
    assertThat(losses.of(batch)).hasSize(batch.size());
    assertThat(predict(batch, new CaptionTask())).hasSize(batch.size());
    assertThat(predict(batch, new RefcocoTask())).hasSize(batch.size());
  }

  @Test
  void numbersThatAreNotFiniteMakeNoPrediction() {
    Autograd.withoutRecording(() -> state.vector(Role.TRAINABLE).array().muli(Float.NaN));

    for (Task task : Tasks.all().values()) {
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
    assertFails(() -> predict(badSource, new CaptionTask()));

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
    List<Prediction> predictions = predict(good, new CaptionTask());
    MicroBatch bad = NanoModel.batch(1);
    bad.sourceTokens()[1] = NanoModel.VOCABULARY;

    assertFails(() -> losses.of(bad));
    assertFails(() -> predict(bad, new CaptionTask()));

    assertThat(losses.of(good)).isEqualTo(before);
    assertThat(predict(good, new CaptionTask())).isEqualTo(predictions);
  }

  @Test
  void lossesAreThoseWithoutAnswers() {
    MicroBatch batch = NanoModel.batch(2);
    assertThat(evaluate(batch, new CaptionTask()).stream().map(Evaluated::loss))
        .containsExactlyElementsOf(losses.of(batch));
  }

  @Test
  void answersDoNotDependOnTheTargets() {
    MicroBatch batch = NanoModel.batch(2);
    List<Prediction> predictions = predict(batch, new CaptionTask());
    for (int i = 0; i < batch.targets().length; i++) {
      batch.targets()[i] = 4;
      batch.previousOutput()[i] = 4;
    }
    assertThat(predict(batch, new CaptionTask())).isEqualTo(predictions);
  }
}
