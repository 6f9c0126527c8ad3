package org.ofaspark.evaluate;

import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.ofaspark.criterion.Criterion;
import org.ofaspark.data.DataConfig;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.generate.Generator;
import org.ofaspark.generate.Hypothesis;
import org.ofaspark.image.ResizeRatios;
import org.ofaspark.model.EncoderOutput;
import org.ofaspark.model.OfaInput;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.ForwardPass;
import org.ofaspark.nn.StateDict;
import org.ofaspark.task.Generated;
import org.ofaspark.task.Prediction;
import org.ofaspark.task.Task;
import org.ofaspark.tensor.Autograd;
import org.ofaspark.tensor.FloatType;
import org.ofaspark.tensor.Scope;
import org.ofaspark.text.TokenCodec;

/**
 * Answers a batch of examples, and computes the losses of the answers it should have given.
 *
 * <p>Upstream: {@code valid_step} in {@code tasks/mm_tasks/caption.py} and {@code refcoco.py},
 * which encodes twice. Does not own its arguments. Thread-safe; results hold no native memory.
 */
public final class Evaluator {

  private final OfaModel model;
  private final StateDict state;
  private final ExampleLosses losses;
  private final Generator generator;
  private final Task task;
  private final TokenCodec codec;
  private final DataConfig config;
  private final FloatType type;

  /**
   * Creates an evaluator.
   *
   * @param model the network
   * @param state its values
   * @param criterion computes the loss; nothing is dropped, as no update is done
   * @param generator finds the hypotheses
   * @param task makes answers of tokens
   * @param codec the dictionary
   * @param config sizes
   * @param type what the network computes in; losses and scores are float32
   */
  public Evaluator(
      OfaModel model,
      StateDict state,
      Criterion criterion,
      Generator generator,
      Task task,
      TokenCodec codec,
      DataConfig config,
      FloatType type) {
    this.model = model;
    this.state = state;
    this.losses = new ExampleLosses(model, state, criterion);
    this.generator = generator;
    this.task = task;
    this.codec = codec;
    this.config = config;
    this.type = type;
  }

  /**
   * What came of an example.
   *
   * @param prediction the best answer; none if the network's numbers are not finite
   * @param loss of the right answer
   */
  public record Evaluated(Optional<Prediction> prediction, ExampleLoss loss) {}

  /**
   * Answers each sample of a batch; the answers do not depend on the targets.
   *
   * @param batch the samples with their targets
   * @param exampleIds names of the samples
   * @param ratios how much each sample's image was stretched
   * @return one outcome a sample
   */
  public List<Evaluated> evaluate(
      MicroBatch batch, List<String> exampleIds, List<ResizeRatios> ratios) {
    return Autograd.withoutRecording(() -> Scope.run(() -> compute(batch, exampleIds, ratios)));
  }

  private List<Evaluated> compute(
      MicroBatch batch, List<String> exampleIds, List<ResizeRatios> ratios) {
    ForwardPass pass = ForwardPass.inference(state, type);
    NDManager manager = pass.get(OfaModel.EMBEDDING).getManager();
    EncoderOutput encoded = model.encode(pass, OfaInput.of(batch, manager));
    List<ExampleLoss> lossOf = Scope.run(() -> losses.of(pass, encoded, batch));
    List<List<Hypothesis>> found =
        generator.generate(pass, encoded, batch.sourceLength(), exampleIds);
    List<Evaluated> evaluated = new ArrayList<>();
    for (int i = 0; i < found.size(); i++) {
      ExampleLoss loss = lossOf.get(i);
      boolean isFinite = Double.isFinite(loss.loss()) && Double.isFinite(loss.nllLoss());
      List<Hypothesis> hypotheses = found.get(i);
      Optional<Prediction> prediction =
          hypotheses.isEmpty() || !isFinite
              ? Optional.empty()
              : Optional.of(task.predict(new Generated(hypotheses, ratios.get(i), codec, config)));
      evaluated.add(new Evaluated(prediction, loss));
    }
    return evaluated;
  }
}
