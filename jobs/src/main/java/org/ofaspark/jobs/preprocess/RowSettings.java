package org.ofaspark.jobs.preprocess;

import java.io.Serializable;
import org.ofaspark.data.DataConfig;
import org.ofaspark.data.RowReader;
import org.ofaspark.data.RowTextReader;
import org.ofaspark.data.Task;
import org.ofaspark.image.ImageLimits;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.text.TokenCodec;

/**
 * How the rows of a split are read. Made on the driver, used on executors.
 *
 * @param task what the rows are for
 * @param target what the text column becomes
 * @param data columns and sizes
 * @param maxTokens most tokens of a source or target
 * @param imageLimits how large an image may be
 */
record RowSettings(
    Task task, RowReader.Target target, DataConfig data, int maxTokens, ImageLimits imageLimits)
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
        target(recipe, split),
        recipe.data(),
        recipe.maxTokens(),
        recipe.preprocess().imageLimits());
  }

  private static RowReader.Target target(Recipe recipe, String split) {
    if (split.equals(recipe.table().trainSplit())) {
      return RowReader.Target.TRAINING;
    }
    return recipe.preprocess().unlabelled().contains(split)
        ? RowReader.Target.PREDICTION
        : RowReader.Target.EVALUATION;
  }

  /** Returns a reader of texts. */
  RowTextReader textReader() {
    return new RowTextReader(task, target, data);
  }

  /**
   * Returns a reader of rows, for one thread.
   *
   * @param codec the dictionary
   */
  RowReader rowReader(TokenCodec codec) {
    return new RowReader(task, target, data, maxTokens, codec, imageLimits);
  }
}
