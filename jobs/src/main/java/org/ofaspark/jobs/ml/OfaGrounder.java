package org.ofaspark.jobs.ml;

import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.DefaultParamsReadable;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Checks;
import org.ofaspark.config.Text;
import org.ofaspark.image.Box;
import org.ofaspark.task.Prediction;
import org.ofaspark.task.refcoco.RefcocoTask;

/**
 * Adds to each image and expression the box that the expression refers to: the one that the
 * evaluate job gives it.
 *
 * <p>The answer is a struct of floats, by default in column {@code box}: {@code x0, y0} the left
 * top corner, {@code x1, y1} the right bottom one, in pixels of the image, from its left top; null
 * if the model's answer is no box.
 */
public final class OfaGrounder extends OfaTransformer<OfaGrounder> {

  private static final long serialVersionUID = 1;

  /** The corners of a box. */
  static final StructType BOX =
      new StructType()
          .add("x0", DataTypes.FloatType, false)
          .add("y0", DataTypes.FloatType, false)
          .add("x1", DataTypes.FloatType, false)
          .add("y1", DataTypes.FloatType, false);

  private final Param<String> textCol;

  /** Creates a grounder with a name of its own. */
  public OfaGrounder() {
    this(Identifiable$.MODULE$.randomUID("ofaGrounder"));
  }

  /**
   * Creates a grounder.
   *
   * @param uid its name, unique in the pipeline
   */
  public OfaGrounder(String uid) {
    super(uid, new RefcocoTask(), "box");
    textCol = text("textCol", "column of expressions");
  }

  /** Returns a reader of saved grounders. */
  public static MLReader<OfaGrounder> read() {
    return new DefaultParamsReadable<OfaGrounder>() {}.read();
  }

  /**
   * Reads a saved grounder.
   *
   * @param path where it was saved
   */
  public static OfaGrounder load(String path) {
    return read().load(path);
  }

  /** Returns the parameter of the column of expressions. */
  public Param<String> textCol() {
    return textCol;
  }

  /** Names the column of expressions: strings. */
  public OfaGrounder setTextCol(String value) {
    return with(textCol, value);
  }

  @Override
  public OfaGrounder copy(ParamMap extra) {
    return counting(this.<OfaGrounder>defaultCopy(extra));
  }

  @Override
  DataType outputType() {
    return BOX;
  }

  @Override
  AnswerPartition.Values values() {
    return new Boxes();
  }

  private record Boxes() implements AnswerPartition.Values {
    @Override
    public @Nullable Object value(Prediction prediction) {
      Box box = RefcocoTask.boxInImage(prediction.own());
      return box == null ? null : RowFactory.create(box.x0(), box.y0(), box.x1(), box.y1());
    }

    @Override
    public String fault(Prediction prediction) {
      return Text.format(
          "answer: \"%s\" (expected: four bins of a box in the image)", prediction.text());
    }
  }

  @Override
  int textIndex(StructType schema) {
    Checks.that("textCol", "not set", isSet(textCol), "the name of a column of expressions");
    return requireType(schema, textCol, DataTypes.StringType);
  }
}
