package org.ofaspark.evaluate;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.data.Task;
import org.ofaspark.generate.BeamSearch;
import org.ofaspark.generate.Hypothesis;
import org.ofaspark.image.Box;
import org.ofaspark.image.BoxBins;
import org.ofaspark.image.ResizeRatios;
import org.ofaspark.text.CaptionText;
import org.ofaspark.text.Dictionary;
import org.ofaspark.text.TokenCodec;

/**
 * Answers a batch of examples.
 *
 * <p>Upstream: {@code _inference} in {@code tasks/mm_tasks/caption.py} and {@code refcoco.py}. Does
 * not own its arguments. Thread-safe; results hold no native memory.
 */
public final class Evaluator {

  private final BeamSearch search;
  private final TokenCodec codec;
  private final BoxBins bins;

  /**
   * Creates an evaluator.
   *
   * @param search finds the hypotheses
   * @param codec turns tokens to text
   * @param bins turns location bins to boxes
   */
  public Evaluator(BeamSearch search, TokenCodec codec, BoxBins bins) {
    this.search = search;
    this.codec = codec;
    this.bins = bins;
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
