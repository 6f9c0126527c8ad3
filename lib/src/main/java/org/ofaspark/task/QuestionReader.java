package org.ofaspark.task;

import java.util.List;
import org.ofaspark.data.DataConfig;
import org.ofaspark.data.PatchImages;
import org.ofaspark.data.Question;
import org.ofaspark.image.BadImageException;
import org.ofaspark.image.ImageDecoder;
import org.ofaspark.image.ImageLimits;
import org.ofaspark.image.RgbImage;
import org.ofaspark.text.TokenCodec;

/**
 * Makes questions of images and texts that come alone, not as rows of a table: the same tokens and
 * pixels as preprocessing and evaluation make of rows.
 *
 * <p>Thread-safe.
 */
public final class QuestionReader {

  private final Task task;
  private final DataConfig config;
  private final int maxTokens;
  private final TokenCodec codec;
  private final ImageDecoder decoder;
  private final PatchImages images;

  /**
   * Creates a reader.
   *
   * @param task what is asked
   * @param config sizes
   * @param maxTokens most tokens of a source, begin and end symbol included
   * @param codec the dictionary
   * @param limits of images
   */
  public QuestionReader(
      Task task, DataConfig config, int maxTokens, TokenCodec codec, ImageLimits limits) {
    this.task = task;
    this.config = config;
    this.maxTokens = maxTokens;
    this.codec = codec;
    this.decoder = new ImageDecoder(limits);
    this.images = new PatchImages(config);
  }

  /**
   * Makes a question about an image file.
   *
   * @param file a JPEG or PNG file
   * @param text what is asked about; not looked at if the task asks no text
   * @throws BadQuestionException if the image does not decode, or the text cannot be asked
   */
  public Question read(byte[] file, String text) throws BadQuestionException {
    try {
      return read(decoder.decode(file), text);
    } catch (BadImageException e) {
      throw new BadQuestionException(e);
    }
  }

  /**
   * Makes a question about an image.
   *
   * @param image its pixels
   * @param text what is asked about; not looked at if the task asks no text
   * @throws BadQuestionException if the text cannot be asked
   */
  public Question read(RgbImage image, String text) throws BadQuestionException {
    try {
      return new Question(source(text), images.read(image), image.width(), image.height());
    } catch (RowFault e) {
      throw new BadQuestionException(e);
    }
  }

  private List<Integer> source(String text) throws RowFault {
    return RowReader.sourceTokens(task.prompt(text, config), codec, maxTokens);
  }
}
