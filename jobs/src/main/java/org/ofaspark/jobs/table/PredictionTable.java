package org.ofaspark.jobs.table;

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
import org.ofaspark.metric.Rectangle;
import org.ofaspark.metric.RegionOverlap;

/** The columns of a table of predictions. */
public final class PredictionTable {

  /** Column of the generated text. */
  public static final String HYPOTHESIS = "hypothesis";

  /** Column of the predicted box, null for captions and for answers that are no box. */
  public static final String BOX = "box";

  /** Column of the true box, null for captions. */
  public static final String REGION = "region";

  /** Column of the CIDEr of a caption, null for expressions. */
  public static final String CIDER = "cider";

  /** Column of the ROUGE-L of a caption, null for expressions. */
  public static final String ROUGE_L = "rouge_l";

  /** Column of the overlap of the predicted with the true box, null for captions. */
  public static final String IOU = "iou";

  /** Column that says why there is no prediction, null if there is one. */
  public static final String ERROR = "error";

  /** The columns. */
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
          .add(ROUGE_L, DoubleType, true)
          .add(BOX, createArrayType(FloatType, false), true)
          .add(REGION, createArrayType(FloatType, false), true)
          .add(IOU, DoubleType, true)
          .add("loss", DoubleType, true)
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
   * @param loss the loss of the example's target
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
    return RowFactory.create(
        example.exampleId(),
        example.imageId(),
        example.text(),
        prediction.text(),
        prediction.score(),
        prediction.tokens().toArray(),
        example.references().toArray(),
        null,
        null,
        corners(box),
        corners(region),
        iou,
        loss.loss(),
        loss.nllLoss(),
        loss.tokens(),
        loss.correct(),
        null);
  }

  /**
   * Makes a row of an example without a prediction.
   *
   * @param example what was asked
   * @param error why there is no answer
   */
  public static Row failure(Example example, String error) {
    Box region = example.region().map(known -> known.box()).orElse(null);
    return RowFactory.create(
        example.exampleId(),
        example.imageId(),
        example.text(),
        null,
        null,
        null,
        example.references().toArray(),
        null,
        null,
        null,
        corners(region),
        null,
        null,
        null,
        null,
        null,
        error);
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
   * Returns the row of a caption with its scores.
   *
   * @param row a row of {@link #SCHEMA}
   * @param cider its CIDEr
   * @param rougeL its ROUGE-L
   */
  public static Row withScores(Row row, double cider, double rougeL) {
    Object[] values = new Object[row.length()];
    for (int i = 0; i < values.length; i++) {
      values[i] = row.get(i);
    }
    values[SCHEMA.fieldIndex(CIDER)] = cider;
    values[SCHEMA.fieldIndex(ROUGE_L)] = rougeL;
    return RowFactory.create(values);
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

  private static Rectangle rectangle(Box box) {
    return new Rectangle(box.x0(), box.y0(), box.x1(), box.y1());
  }

  private static Object @Nullable [] corners(@Nullable Box box) {
    return box == null ? null : new Object[] {box.x0(), box.y0(), box.x1(), box.y1()};
  }
}
