package org.ofaspark.task;

import java.util.List;
import org.ofaspark.data.DataConfig;
import org.ofaspark.data.Question;
import org.ofaspark.generate.Hypothesis;
import org.ofaspark.image.ResizeRatios;
import org.ofaspark.text.CaptionText;
import org.ofaspark.text.TokenCodec;

/**
 * What a model has written about an image.
 *
 * @param hypotheses at least one, the best first
 * @param ratios how much the image was stretched
 * @param codec the dictionary
 * @param config sizes
 */
public record Generated(
    List<Hypothesis> hypotheses, ResizeRatios ratios, TokenCodec codec, DataConfig config) {

  /** Copies the list. */
  public Generated {
    hypotheses = List.copyOf(hypotheses);
  }

  /**
   * Returns what a model has written about the image of a question.
   *
   * @param question what was asked
   * @param hypotheses at least one, the best first
   * @param codec the dictionary
   * @param config sizes
   */
  public static Generated of(
      Question question, List<Hypothesis> hypotheses, TokenCodec codec, DataConfig config) {
    ResizeRatios ratios = config.boxBins().ratios(question.width(), question.height());
    return new Generated(hypotheses, ratios, codec, config);
  }

  /** Returns the best hypothesis. */
  public Hypothesis best() {
    return hypotheses.get(0);
  }

  /** Returns the text that its tokens stand for, cleaned as upstream cleans generated captions. */
  public String text() {
    return CaptionText.generatedCaption(
        codec.decode(best().tokens().stream().mapToInt(token -> token).toArray()));
  }
}
