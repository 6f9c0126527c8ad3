package org.ofaspark.evaluate;

import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.ofaspark.criterion.Criterion;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.data.Task;
import org.ofaspark.generate.Hypothesis;
import org.ofaspark.generate.SequenceGenerator;
import org.ofaspark.image.Box;
import org.ofaspark.image.BoxBins;
import org.ofaspark.image.ResizeRatios;
import org.ofaspark.model.EncoderOutput;
import org.ofaspark.model.OfaInput;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.ForwardPass;
import org.ofaspark.nn.StateDict;
import org.ofaspark.tensor.Autograd;
import org.ofaspark.tensor.Scope;
import org.ofaspark.text.CaptionText;
import org.ofaspark.text.Dictionary;
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
  private final SequenceGenerator generator;
  private final TokenCodec codec;
  private final BoxBins bins;

  /**
   * Creates an evaluator.
   *
   * @param model the network
   * @param state its values
   * @param criterion computes the loss; nothing is dropped, as no update is done
   * @param generator finds the hypotheses
   * @param codec turns tokens to text
   * @param bins turns location bins to boxes
   */
  public Evaluator(
      OfaModel model,
      StateDict state,
      Criterion criterion,
      SequenceGenerator generator,
      TokenCodec codec,
      BoxBins bins) {
    this.model = model;
    this.state = state;
    this.losses = new ExampleLosses(model, state, criterion);
    this.generator = generator;
    this.codec = codec;
    this.bins = bins;
  }

  /**
   * What came of an example.
   *
   * @param prediction the best answer
   * @param loss of the right answer
   */
  public record Evaluated(Prediction prediction, ExampleLoss loss) {}

  /**
   * Answers each sample of a batch; the answers do not depend on the targets.
   *
   * @param batch the samples with their targets
   * @param exampleIds names of the samples
   * @param task what the answers are
   * @param ratios for expressions, how much each sample's image is stretched; else empty
   * @return one outcome a sample
   */
  public List<Evaluated> evaluate(
      MicroBatch batch, List<String> exampleIds, Task task, List<ResizeRatios> ratios) {
    return Autograd.withoutRecording(
        () -> Scope.run(() -> compute(batch, exampleIds, task, ratios)));
  }

  private List<Evaluated> compute(
      MicroBatch batch, List<String> exampleIds, Task task, List<ResizeRatios> ratios) {
    ForwardPass pass = ForwardPass.inference(state);
    NDManager manager = pass.get(OfaModel.EMBEDDING).getManager();
    EncoderOutput encoded = model.encode(pass, OfaInput.of(batch, manager));
    List<ExampleLoss> lossOf = Scope.run(() -> losses.of(pass, encoded, batch));
    List<List<Hypothesis>> found =
        generator.generate(pass, encoded, batch.sourceLength(), exampleIds);
    List<Evaluated> evaluated = new ArrayList<>();
    for (int i = 0; i < found.size(); i++) {
      Hypothesis best = found.get(i).get(0);
      Optional<Box> box =
          task == Task.REFCOCO ? box(best.tokens(), ratios.get(i)) : Optional.empty();
      var prediction = new Prediction(text(best.tokens()), best.tokens(), best.score(), box);
      evaluated.add(new Evaluated(prediction, lossOf.get(i)));
    }
    return evaluated;
  }

  /** Returns the text that tokens stand for, cleaned as upstream cleans generated captions. */
  private String text(List<Integer> tokens) {
    return CaptionText.generatedCaption(
        codec.decode(tokens.stream().mapToInt(token -> token).toArray()));
  }

  /** Returns the box that tokens stand for; symbols that are no bins give a box all the same. */
  private Optional<Box> box(List<Integer> tokens, ResizeRatios ratios) {
    int[] symbols =
        tokens.stream()
            .mapToInt(token -> token)
            .takeWhile(token -> token != Dictionary.EOS)
            .map(token -> codec.dictionary().bin(token))
            .toArray();
    return symbols.length == 4 ? Optional.of(bins.dequantize(symbols, ratios)) : Optional.empty();
  }
}
