package org.ofaspark.task;

import java.util.List;
import org.ofaspark.data.Column;

/** The columns that the predictions of every task have. */
public final class PredictionColumns {

  /** Names the example. */
  public static final Column<String> EXAMPLE_ID = Column.ofString("example_id");

  /** Names the image. */
  public static final Column<String> IMAGE_ID = Column.ofString("image_id");

  /** The text as it was read. */
  public static final Column<String> TEXT = Column.ofString("text");

  /** The generated text. */
  public static final Column<String> HYPOTHESIS = Column.ofString("hypothesis").nullable();

  /** The score of the hypothesis. */
  public static final Column<Float> SCORE = Column.ofFloat("score").nullable();

  /** The generated tokens, with the end symbol. */
  public static final Column<List<Integer>> TOKENS = Column.ofIntegers("tokens").nullable();

  /** The loss of the right answer, in nats; none if it is not known what was to be answered. */
  public static final Column<Double> LOSS = Column.ofDouble("loss").nullable();

  /** The negative log-likelihood of the right answer, in nats; none as for the loss. */
  public static final Column<Double> NLL_LOSS = Column.ofDouble("nll_loss").nullable();

  /** How many tokens of the right answer count; none as for the loss. */
  public static final Column<Integer> TARGET_TOKENS = Column.ofInteger("target_tokens").nullable();

  /** How many of them are the likeliest symbol; none as for the loss. */
  public static final Column<Integer> CORRECT_TOKENS =
      Column.ofInteger("correct_tokens").nullable();

  /** Says why there is no prediction; none if there is one. */
  public static final Column<String> ERROR = Column.ofString("error").nullable();

  /** All of them, in the order of the table. */
  public static final List<Column<?>> ALL =
      List.of(
          EXAMPLE_ID,
          IMAGE_ID,
          TEXT,
          HYPOTHESIS,
          SCORE,
          TOKENS,
          LOSS,
          NLL_LOSS,
          TARGET_TOKENS,
          CORRECT_TOKENS,
          ERROR);

  private PredictionColumns() {}
}
