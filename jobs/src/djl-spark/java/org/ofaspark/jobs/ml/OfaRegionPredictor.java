package org.ofaspark.jobs.ml;

import ai.djl.modality.Input;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Checks;

/**
 * Adds to each image and expression the box that the expression refers to, by default in column
 * {@code box}: the struct of {@link OfaGrounder}, or null.
 */
public final class OfaRegionPredictor extends OfaPredictor {

  private static final long serialVersionUID = 1;

  private final Param<String> textCol;

  /** Creates a predictor with a name of its own. */
  public OfaRegionPredictor() {
    this(Identifiable$.MODULE$.randomUID("ofaRegionPredictor"));
  }

  /**
   * Creates a predictor.
   *
   * @param uid its name, unique in the pipeline
   */
  public OfaRegionPredictor(String uid) {
    super(uid, "box");
    textCol = text("textCol", "column of expressions");
  }

  /** Returns the parameter of the column of expressions. */
  public Param<String> textCol() {
    return textCol;
  }

  /** Names the column of images. */
  public OfaRegionPredictor setInputCol(String value) {
    set(inputCol(), value);
    return this;
  }

  /** Names the column of expressions: strings. */
  public OfaRegionPredictor setTextCol(String value) {
    set(textCol, value);
    return this;
  }

  /** Names the column of boxes, which is added. */
  public OfaRegionPredictor setOutputCol(String value) {
    set(outputCol(), value);
    return this;
  }

  @Override
  public void validateInputType(StructType schema) {
    super.validateInputType(schema);
    Checks.that("textCol", "not set", isSet(textCol), "the name of a column of expressions");
    String name = getOrDefault(textCol);
    DataType type = schema.apply(name).dataType();
    Checks.that(
        "textCol",
        name + ", " + type.simpleString(),
        type.equals(DataTypes.StringType),
        "a column of type string");
  }

  @Override
  DataType outputType() {
    return OfaGrounder.BOX;
  }

  @Override
  void complete(Input input, Row row) {
    String text = row.getAs(getOrDefault(textCol));
    if (text != null) {
      input.add("text", text);
    }
  }

  @Override
  @Nullable Object value(JsonObject answer) {
    JsonElement box = answer.get("box");
    if (box.isJsonNull()) {
      return null;
    }
    JsonArray corners = box.getAsJsonArray();
    return RowFactory.create(
        corners.get(0).getAsFloat(),
        corners.get(1).getAsFloat(),
        corners.get(2).getAsFloat(),
        corners.get(3).getAsFloat());
  }
}
