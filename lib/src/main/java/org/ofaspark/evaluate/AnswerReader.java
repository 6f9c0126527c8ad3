package org.ofaspark.evaluate;

import java.util.List;
import java.util.Optional;
import org.ofaspark.data.Question;
import org.ofaspark.data.Task;
import org.ofaspark.image.Box;
import org.ofaspark.image.BoxBins;
import org.ofaspark.image.ResizeRatios;
import org.ofaspark.text.CaptionText;
import org.ofaspark.text.Dictionary;
import org.ofaspark.text.TokenCodec;

/**
 * Reads what a model wrote: tokens to text and boxes.
 *
 * <p>Thread-safe.
 */
public final class AnswerReader {

  private final TokenCodec codec;
  private final BoxBins bins;

  /**
   * Creates a reader.
   *
   * @param codec turns tokens to text
   * @param bins turns location bins to boxes
   */
  public AnswerReader(TokenCodec codec, BoxBins bins) {
    this.codec = codec;
    this.bins = bins;
  }

  /**
   * Reads a caption.
   *
   * @param tokens of a hypothesis, with the end symbol
   * @param score of the hypothesis
   */
  public Prediction caption(List<Integer> tokens, float score) {
    return new Prediction(text(tokens), tokens, score, Optional.empty(), false);
  }

  /**
   * Reads the answer to an expression.
   *
   * @param tokens of a hypothesis, with the end symbol
   * @param score of the hypothesis
   * @param ratios how much the image is stretched
   */
  public Prediction region(List<Integer> tokens, float score, ResizeRatios ratios) {
    int[] symbols = bins(tokens);
    Optional<Box> box =
        symbols.length == 4 ? Optional.of(bins.dequantize(symbols, ratios)) : Optional.empty();
    return new Prediction(text(tokens), tokens, score, box, bins.isBox(symbols));
  }

  /**
   * Reads the answer to a question.
   *
   * @param task what the question is
   * @param question the question
   * @param tokens of a hypothesis, with the end symbol
   * @param score of the hypothesis
   */
  public Prediction answer(Task task, Question question, List<Integer> tokens, float score) {
    return task == Task.CAPTION
        ? caption(tokens, score)
        : region(tokens, score, bins.ratios(question.width(), question.height()));
  }

  /** Returns the text that tokens stand for, cleaned as upstream cleans generated captions. */
  private String text(List<Integer> tokens) {
    return CaptionText.generatedCaption(
        codec.decode(tokens.stream().mapToInt(token -> token).toArray()));
  }

  /** Returns the bins of tokens; symbols that are none give a number all the same. */
  private int[] bins(List<Integer> tokens) {
    return tokens.stream()
        .mapToInt(token -> token)
        .takeWhile(token -> token != Dictionary.EOS)
        .map(token -> codec.dictionary().bin(token))
        .toArray();
  }
}
