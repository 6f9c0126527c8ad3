package org.ofaspark.task;

import org.ofaspark.data.DataConfig;
import org.ofaspark.data.EncodedImage;

/** A row of the input, on its way to an example. Used by one thread. */
public interface InputRow {

  /** The input column that names the example. */
  String ID = "id";

  /** The input column of the image. */
  String IMAGE = "image";

  /** What the rows of a split are for. */
  enum Purpose {
    /** Training: upstream cuts texts, and takes one answer a row. */
    TRAINING,
    /** Evaluation: whole texts, all answers that count as right. */
    EVALUATION,
    /** The same, or no answer: what is to be answered need not be known. */
    PREDICTION
  }

  /** Returns what the row is for. */
  Purpose purpose();

  /** Returns the sizes of the recipe. */
  DataConfig config();

  /**
   * Returns the text of a column.
   *
   * @param input one of {@link Task#inputs}
   * @throws RowFault if it is not UTF-8
   */
  String text(String input) throws RowFault;

  /**
   * Returns the image, which has been decoded once to prove that it can be.
   *
   * @throws RowFault if it cannot
   */
  EncodedImage image() throws RowFault;
}
