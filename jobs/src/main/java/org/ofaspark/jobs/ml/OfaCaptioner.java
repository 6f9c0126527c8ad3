package org.ofaspark.jobs.ml;

import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.DefaultParamsReadable;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ofaspark.task.Prediction;
import org.ofaspark.task.caption.CaptionTask;

/**
 * Adds a caption to each image: the one that the evaluate job gives it. The answer is a string, by
 * default in column {@code caption}.
 */
public final class OfaCaptioner extends OfaTransformer<OfaCaptioner> {

  private static final long serialVersionUID = 1;

  /** Creates a captioner with a name of its own. */
  public OfaCaptioner() {
    this(Identifiable$.MODULE$.randomUID("ofaCaptioner"));
  }

  /**
   * Creates a captioner.
   *
   * @param uid its name, unique in the pipeline
   */
  public OfaCaptioner(String uid) {
    super(uid, new CaptionTask(), "caption");
  }

  /** Returns a reader of saved captioners. */
  public static MLReader<OfaCaptioner> read() {
    return new DefaultParamsReadable<OfaCaptioner>() {}.read();
  }

  /**
   * Reads a saved captioner.
   *
   * @param path where it was saved
   */
  public static OfaCaptioner load(String path) {
    return read().load(path);
  }

  @Override
  public OfaCaptioner copy(ParamMap extra) {
    return counting(this.<OfaCaptioner>defaultCopy(extra));
  }

  @Override
  DataType outputType() {
    return DataTypes.StringType;
  }

  @Override
  int textIndex(StructType schema) {
    return -1;
  }

  @Override
  AnswerPartition.Values values() {
    return new Captions();
  }

  private record Captions() implements AnswerPartition.Values {
    @Override
    public Object value(Prediction prediction) {
      return prediction.text();
    }

    @Override
    public String fault(Prediction prediction) {
      return ""; // every text is a caption
    }
  }
}
