package org.ofaspark.task;

import java.util.List;
import org.ofaspark.data.DataConfig;
import org.ofaspark.data.Question;
import org.ofaspark.image.ResizeRatios;
import org.ofaspark.text.CaptionText;
import org.ofaspark.text.TokenCodec;

/**
 * What a model has written about an image.
 *
 * @param tokens with the end symbol
 * @param score see {@link org.ofaspark.generate.Hypothesis}
 * @param ratios how much the image was stretched
 * @param codec the dictionary
 * @param config sizes
 */
public record Generated(
    List<Integer> tokens, float score, ResizeRatios ratios, TokenCodec codec, DataConfig config) {

  /**
   * Returns what a model has written about the image of a question.
   *
   * @param question what was asked
   * @param tokens with the end symbol
   * @param score see {@link org.ofaspark.generate.Hypothesis}
   * @param codec the dictionary
   * @param config sizes
   */
  public static Generated of(
      Question question, List<Integer> tokens, float score, TokenCodec codec, DataConfig config) {
    ResizeRatios ratios = config.boxBins().ratios(question.width(), question.height());
    return new Generated(tokens, score, ratios, codec, config);
  }

  /** Returns the text that the tokens stand for, cleaned as upstream cleans generated captions. */
  public String text() {
    return CaptionText.generatedCaption(
        codec.decode(tokens.stream().mapToInt(token -> token).toArray()));
  }
}
