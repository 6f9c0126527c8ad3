package org.ofaspark.evaluate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.ofaspark.criterion.Criterion;
import org.ofaspark.criterion.TargetRows;
import org.ofaspark.criterion.TokenLosses;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.data.Task;
import org.ofaspark.generate.BeamSearch;
import org.ofaspark.generate.Hypothesis;
import org.ofaspark.image.Box;
import org.ofaspark.image.BoxBins;
import org.ofaspark.image.ResizeRatios;
import org.ofaspark.model.DecoderInput;
import org.ofaspark.model.EncoderOutput;
import org.ofaspark.model.OfaInput;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.ForwardPass;
import org.ofaspark.nn.StateDict;
import org.ofaspark.nn.TensorSpec.Role;
import org.ofaspark.tensor.Autograd;
import org.ofaspark.tensor.HostCopy;
import org.ofaspark.tensor.Scope;
import org.ofaspark.text.CaptionText;
import org.ofaspark.text.Dictionary;
import org.ofaspark.text.TokenCodec;

/**
 * Answers a batch of examples and computes its loss, without training.
 *
 * <p>Upstream: {@code valid_step} in {@code tasks/mm_tasks/caption.py} and {@code refcoco.py}. Does
 * not own its arguments. Thread-safe; results hold no native memory.
 */
public final class Evaluator {

  private final OfaModel model;
  private final StateDict state;
  private final Criterion criterion;
  private final BeamSearch search;
  private final TokenCodec codec;
  private final BoxBins bins;

  /**
   * Creates an evaluator.
   *
   * @param model the network
   * @param state its values
   * @param criterion computes the loss; nothing is dropped, as no update is done
   * @param search finds the hypotheses
   * @param codec turns tokens to text
   * @param bins turns location bins to boxes
   */
  public Evaluator(
      OfaModel model,
      StateDict state,
      Criterion criterion,
      BeamSearch search,
      TokenCodec codec,
      BoxBins bins) {
    this.model = model;
    this.state = state;
    this.criterion = criterion;
    this.search = search;
    this.codec = codec;
    this.bins = bins;
  }

  /**
   * Computes the loss of each sample of a batch.
   *
   * @param batch the samples with their targets
   * @return one loss a sample
   */
  public List<ExampleLoss> losses(MicroBatch batch) {
    return Autograd.withoutRecording(() -> Scope.run(() -> lossesOf(batch)));
  }

  private List<ExampleLoss> lossesOf(MicroBatch batch) {
    List<ExampleLoss> losses = new ArrayList<>(Collections.nCopies(batch.size(), ExampleLoss.NONE));
    TargetRows rows = TargetRows.of(batch.targets(), batch.size(), criterion.config());
    if (rows.targets().length == 0) {
      return losses; // every token is ignored
    }
    NDManager manager = state.vector(Role.TRAINABLE).array().getManager();
    ForwardPass pass = ForwardPass.inference(state);
    EncoderOutput encoded = model.encode(pass, OfaInput.of(batch, manager));
    NDArray features = model.decode(pass, encoded, DecoderInput.of(batch, manager)); // (B, N, C)
    NDArray flat = features.reshape(-1, features.getShape().get(2));
    NDArray logits = model.logits(pass, flat.get(HostCopy.of(manager, rows.rows())));
    TokenLosses tokens = criterion.tokenLosses(logits, rows);
    for (int i = 0; i < tokens.size(); i++) {
      int sample = rows.sampleOf(i, batch.targetLength());
      losses.set(sample, losses.get(sample).plus(lossOf(tokens, i)));
    }
    return losses;
  }

  private ExampleLoss lossOf(TokenLosses tokens, int token) {
    return new ExampleLoss(
        tokens.smoothed(token),
        tokens.bonus(token),
        tokens.nll(token),
        1,
        tokens.isHit(token) ? 1 : 0,
        tokens.bonusSums(token, criterion.config().logEnd()));
  }

  /**
   * Finds the best answer to each sample of a batch.
   *
   * @param batch the samples; their targets are not looked at
   * @param task what the answers are
   * @param ratios for expressions, how much each sample's image is stretched; else empty
   * @return one prediction a sample
   */
  public List<Prediction> predict(MicroBatch batch, Task task, List<ResizeRatios> ratios) {
    List<Prediction> predictions = new ArrayList<>();
    List<List<Hypothesis>> found = search.generate(batch);
    for (int i = 0; i < found.size(); i++) {
      Hypothesis best = found.get(i).get(0);
      Optional<Box> box =
          task == Task.REFCOCO ? box(best.tokens(), ratios.get(i)) : Optional.empty();
      predictions.add(new Prediction(text(best.tokens()), best.tokens(), best.score(), box));
    }
    return predictions;
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
