package org.ofaspark.jobs.table;

import static org.apache.spark.sql.types.DataTypes.BooleanType;
import static org.apache.spark.sql.types.DataTypes.DoubleType;
import static org.apache.spark.sql.types.DataTypes.FloatType;
import static org.apache.spark.sql.types.DataTypes.IntegerType;
import static org.apache.spark.sql.types.DataTypes.StringType;
import static org.apache.spark.sql.types.DataTypes.createArrayType;

import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.ofaspark.data.Example;
import org.ofaspark.evaluate.ExampleLoss;
import org.ofaspark.evaluate.Prediction;
import org.ofaspark.image.Box;
import org.ofaspark.metric.BleuStatistics;
import org.ofaspark.metric.NgramCounts;
import org.ofaspark.metric.Rectangle;
import org.ofaspark.metric.RegionOverlap;
import org.ofaspark.text.CaptionText;

/** The columns of a table of predictions. */
public final class PredictionTable {

  /** Column of the generated text. */
  public static final String HYPOTHESIS = "hypothesis";

  /**
   * Column of the predicted box as upstream computes it, null for captions and without four tokens.
   */
  public static final String BOX = "box";

  /** Column that tells whether the answer is a box in the image, null for captions. */
  public static final String IS_BOX = "is_box";

  /** Column of the true box, null for captions. */
  public static final String REGION = "region";

  /** Column of the CIDEr of a caption, null for expressions. */
  public static final String CIDER = "cider";

  /** Column of the CIDEr-D of upstream's validation, null without cached document frequencies. */
  public static final String CIDER_VALID = "cider_valid";

  /** Column of the ROUGE-L of a caption, null for expressions. */
  public static final String ROUGE_L = "rouge_l";

  /** Column of the overlap of the predicted with the true box, null for captions. */
  public static final String IOU = "iou";

  /** Column of the loss, null if it is not known what was to be answered. */
  public static final String LOSS = "loss";

  /** Column that says why there is no prediction, null if there is one. */
  public static final String ERROR = "error";

  private static final String HYPOTHESIS_WORDS = "hypothesis_words";
  private static final String REFERENCE_WORDS = "reference_words";
  private static final String MATCHES = "matches";

  /**
   * The columns. Of {@code bleu_1} to {@code bleu_4}, {@code hypothesis_words}, {@code
   * reference_words} (those of the reference closest in length) and {@code matches} (of the n-grams
   * of each order, those that a reference holds), the last three are what the BLEU of a whole split
   * is made of; they are null for expressions.
   */
  public static final StructType SCHEMA =
      new StructType()
          .add(ExampleTable.EXAMPLE_ID, StringType, false)
          .add(ExampleTable.IMAGE_ID, StringType, false)
          .add(ExampleTable.TEXT, StringType, false)
          .add(HYPOTHESIS, StringType, true)
          .add("score", FloatType, true)
          .add("tokens", createArrayType(IntegerType, false), true)
          .add(ExampleTable.REFERENCES, createArrayType(StringType, false), false)
          .add(CIDER, DoubleType, true)
          .add(CIDER_VALID, DoubleType, true)
          .add(ROUGE_L, DoubleType, true)
          .add("bleu_1", DoubleType, true)
          .add("bleu_2", DoubleType, true)
          .add("bleu_3", DoubleType, true)
          .add("bleu_4", DoubleType, true)
          .add(HYPOTHESIS_WORDS, IntegerType, true)
          .add(REFERENCE_WORDS, IntegerType, true)
          .add(MATCHES, createArrayType(IntegerType, false), true)
          .add(BOX, createArrayType(FloatType, false), true)
          .add(IS_BOX, BooleanType, true)
          .add(REGION, createArrayType(FloatType, false), true)
          .add(IOU, DoubleType, true)
          .add(LOSS, DoubleType, true)
          .add("nll_loss", DoubleType, true)
          .add("target_tokens", IntegerType, true)
          .add("correct_tokens", IntegerType, true)
          .add(ERROR, StringType, true);

  private PredictionTable() {}

  /**
   * Makes a row of a prediction; scores of captions come later, as they depend on all rows.
   *
   * @param example what was asked
   * @param prediction the answer
   * @param loss the loss of the example's target; not looked at if that is not known
   */
  public static Row toRow(Example example, Prediction prediction, ExampleLoss loss) {
    Box box = prediction.box().orElse(null);
    Box region = example.region().map(known -> known.box()).orElse(null);
    Double iou =
        region == null
            ? null
            : box == null
                ? Double.valueOf(0)
                : RegionOverlap.iou(rectangle(box), rectangle(region));
    Object[] values = values(example);
    set(values, HYPOTHESIS, prediction.text());
    set(values, "score", prediction.score());
    set(values, "tokens", prediction.tokens().toArray());
    set(values, BOX, corners(box));
    set(values, IS_BOX, (region == null && box == null) ? null : prediction.isBox());
    set(values, IOU, iou);
    if (example.isLabelled()) {
      set(values, LOSS, loss.loss());
      set(values, "nll_loss", loss.nllLoss());
      set(values, "target_tokens", loss.tokens());
      set(values, "correct_tokens", loss.correct());
    }
    return RowFactory.create(values);
  }

  /**
   * Makes a row of an example without a prediction.
   *
   * @param example what was asked
   * @param error why there is no answer
   */
  public static Row failure(Example example, String error) {
    Object[] values = values(example);
    set(values, ERROR, error);
    return RowFactory.create(values);
  }

  /**
   * Returns the values that do not depend on the answer; captions have their references as read.
   */
  private static @Nullable Object[] values(Example example) {
    Box region = example.region().map(known -> known.box()).orElse(null);
    @Nullable Object[] values = new @Nullable Object[SCHEMA.length()];
    set(values, ExampleTable.EXAMPLE_ID, example.exampleId());
    set(values, ExampleTable.IMAGE_ID, example.imageId());
    set(values, ExampleTable.TEXT, example.text());
    List<String> references =
        example.references().isEmpty() ? List.of() : CaptionText.referencesAsRead(example.text());
    set(values, ExampleTable.REFERENCES, references.toArray());
    set(values, REGION, corners(region));
    return values;
  }

  private static void set(@Nullable Object[] values, String column, @Nullable Object value) {
    values[SCHEMA.fieldIndex(column)] = value;
  }

  /**
   * Returns the id of the example that a row answers.
   *
   * @param row a row of {@link #SCHEMA}
   */
  public static String exampleId(Row row) {
    return row.getString(SCHEMA.fieldIndex(ExampleTable.EXAMPLE_ID));
  }

  /**
   * Tells whether a row holds a prediction.
   *
   * @param row a row of {@link #SCHEMA}
   */
  public static boolean isPrediction(Row row) {
    return row.isNullAt(SCHEMA.fieldIndex(ERROR));
  }

  /**
   * Tells whether a row holds a prediction that can be scored.
   *
   * @param row a row of {@link #SCHEMA}
   */
  public static boolean isLabelled(Row row) {
    return !row.isNullAt(SCHEMA.fieldIndex(LOSS));
  }

  /**
   * Returns the row of a caption with its scores.
   *
   * @param row a row of {@link #SCHEMA}
   * @param cider its CIDEr
   * @param ciderValid its CIDEr-D of upstream's validation, if there is one
   * @param rougeL its ROUGE-L
   * @param bleu what BLEU needs to know of it
   */
  public static Row withScores(
      Row row, double cider, @Nullable Double ciderValid, double rougeL, BleuStatistics bleu) {
    @Nullable Object[] values = new @Nullable Object[row.length()];
    for (int i = 0; i < values.length; i++) {
      values[i] = row.get(i);
    }
    set(values, CIDER, cider);
    set(values, CIDER_VALID, ciderValid);
    set(values, ROUGE_L, rougeL);
    set(values, HYPOTHESIS_WORDS, (int) bleu.hypothesisWords());
    set(values, REFERENCE_WORDS, (int) bleu.referenceWords());
    Integer[] matches = new Integer[NgramCounts.MAX_ORDER];
    for (int order = 1; order <= matches.length; order++) {
      set(values, "bleu_" + order, bleu.bleu(order));
      matches[order - 1] = (int) bleu.matches(order);
    }
    set(values, MATCHES, matches);
    return RowFactory.create(values);
  }

  /**
   * Returns what BLEU needs to know of a caption.
   *
   * @param row a row of {@link #SCHEMA} with scores
   */
  public static BleuStatistics bleu(Row row) {
    int words = row.<Integer>getAs(HYPOTHESIS_WORDS);
    List<Integer> found = row.getList(row.fieldIndex(MATCHES));
    long[] matches = new long[NgramCounts.MAX_ORDER];
    long[] ngrams = new long[NgramCounts.MAX_ORDER];
    for (int i = 0; i < NgramCounts.MAX_ORDER; i++) {
      matches[i] = found.get(i);
      ngrams[i] = Math.max(0, words - i);
    }
    return BleuStatistics.ofSums(words, row.<Integer>getAs(REFERENCE_WORDS), matches, ngrams);
  }

  /**
   * Returns the rectangle of a column of corners.
   *
   * @param row a row of {@link #SCHEMA}
   * @param column {@link #BOX} or {@link #REGION}
   * @return null if the column is null
   */
  public static @Nullable Rectangle rectangle(Row row, String column) {
    int index = SCHEMA.fieldIndex(column);
    if (row.isNullAt(index)) {
      return null;
    }
    List<Float> corners = row.getList(index);
    return new Rectangle(corners.get(0), corners.get(1), corners.get(2), corners.get(3));
  }

  /**
   * Tells whether a row holds a box in the image.
   *
   * @param row a row of {@link #SCHEMA}
   */
  public static boolean isBox(Row row) {
    int index = SCHEMA.fieldIndex(IS_BOX);
    return !row.isNullAt(index) && row.getBoolean(index);
  }

  private static Rectangle rectangle(Box box) {
    return new Rectangle(box.x0(), box.y0(), box.x1(), box.y1());
  }

  private static Object @Nullable [] corners(@Nullable Box box) {
    return box == null ? null : new Object[] {box.x0(), box.y0(), box.x1(), box.y1()};
  }
}
