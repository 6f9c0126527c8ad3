package org.ofaspark.jobs.preprocess;

import java.io.Serializable;
import java.util.List;
import org.ofaspark.data.DataConfig;
import org.ofaspark.image.ImageLimits;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.task.InputRow;
import org.ofaspark.task.RowReader;
import org.ofaspark.task.Task;
import org.ofaspark.text.TokenCodec;

/**
 * How the rows of a split are read. Made on the driver, used on executors.
 *
 * @param task what the rows are for
 * @param purpose what the split is for
 * @param data columns and sizes
 * @param maxTokens most tokens of a source or target
 * @param imageLimits how large an image may be
 */
record RowSettings(
    Task task, InputRow.Purpose purpose, DataConfig data, int maxTokens, ImageLimits imageLimits)
    implements Serializable {

  /**
   * Returns the settings of a split.
   *
   * @param recipe what the table is made by
   * @param split a split; the one to train on is read otherwise than the others
   */
  static RowSettings of(Recipe recipe, String split) {
    return new RowSettings(
        recipe.task(),
        purpose(recipe, split),
        recipe.data(),
        recipe.maxTokens(),
        recipe.preprocess().imageLimits());
  }

  private static InputRow.Purpose purpose(Recipe recipe, String split) {
    if (split.equals(recipe.table().trainSplit())) {
      return InputRow.Purpose.TRAINING;
    }
    return recipe.preprocess().unlabelled().contains(split)
        ? InputRow.Purpose.PREDICTION
        : InputRow.Purpose.EVALUATION;
  }

  /**
   * Returns the texts of a line that would become tokens: none, if it has no valid ones.
   *
   * @param line its bytes without the line end
   */
  List<String> encodedTexts(byte[] line) {
    return RowReader.encodedTexts(task, purpose, data, line);
  }

  /**
   * Returns a reader of rows, for one thread.
   *
   * @param codec the dictionary
   */
  RowReader rowReader(TokenCodec codec) {
    return new RowReader(task, purpose, data, maxTokens, codec, imageLimits);
  }
}
