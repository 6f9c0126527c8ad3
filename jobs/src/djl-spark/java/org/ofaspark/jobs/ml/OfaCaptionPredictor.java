package org.ofaspark.jobs.ml;

import ai.djl.modality.Input;
import com.google.gson.JsonObject;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;

/** Adds a caption to each image: a string, by default in column {@code caption}. */
public final class OfaCaptionPredictor extends OfaPredictor {

  private static final long serialVersionUID = 1;

  /** Creates a predictor with a name of its own. */
  public OfaCaptionPredictor() {
    this(Identifiable$.MODULE$.randomUID("ofaCaptionPredictor"));
  }

  /**
   * Creates a predictor.
   *
   * @param uid its name, unique in the pipeline
   */
  public OfaCaptionPredictor(String uid) {
    super(uid, "caption");
  }

  /** Names the column of images. */
  public OfaCaptionPredictor setInputCol(String value) {
    set(inputCol(), value);
    return this;
  }

  /** Names the column of captions, which is added. */
  public OfaCaptionPredictor setOutputCol(String value) {
    set(outputCol(), value);
    return this;
  }

  @Override
  DataType outputType() {
    return DataTypes.StringType;
  }

  @Override
  void complete(Input input, Row row) {}

  @Override
  Object value(JsonObject answer) {
    return answer.get("caption").getAsString();
  }
}
