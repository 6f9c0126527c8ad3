package org.ofaspark.jobs.ml;

import java.util.List;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.DefaultParamsReadable;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ofaspark.task.Prediction;
import org.ofaspark.task.classify.ClassifyTask;

/**
 * Adds its class to each image: the one that the evaluate job gives it.
 *
 * <p>The answer is a struct, by default in column {@code prediction}: {@code answer}, a string, and
 * {@code probability}, a float, its probability among all answers of the model.
 */
public final class OfaClassifier extends OfaTransformer<OfaClassifier> {

  private static final long serialVersionUID = 1;

  /** An answer and its probability. */
  static final StructType ANSWER =
      new StructType()
          .add("answer", DataTypes.StringType, false)
          .add("probability", DataTypes.FloatType, false);

  /** Creates a classifier with a name of its own. */
  public OfaClassifier() {
    this(Identifiable$.MODULE$.randomUID("ofaClassifier"));
  }

  /**
   * Creates a classifier.
   *
   * @param uid its name, unique in the pipeline
   */
  public OfaClassifier(String uid) {
    super(uid, new ClassifyTask(), "prediction");
  }

  /** Returns a reader of saved classifiers. */
  public static MLReader<OfaClassifier> read() {
    return new DefaultParamsReadable<OfaClassifier>() {}.read();
  }

  /**
   * Reads a saved classifier.
   *
   * @param path where it was saved
   */
  public static OfaClassifier load(String path) {
    return read().load(path);
  }

  @Override
  public OfaClassifier copy(ParamMap extra) {
    return counting(this.<OfaClassifier>defaultCopy(extra));
  }

  @Override
  DataType outputType() {
    return ANSWER;
  }

  @Override
  int textIndex(StructType schema) {
    return -1;
  }

  @Override
  AnswerPartition.Values values() {
    return new Answers();
  }

  private record Answers() implements AnswerPartition.Values {
    @Override
    public Object value(Prediction prediction) {
      List<Float> probabilities = prediction.own().require(ClassifyTask.TOP_PROBABILITIES);
      return RowFactory.create(prediction.text(), probabilities.get(0));
    }

    @Override
    public String fault(Prediction prediction) {
      return ""; // every answer is one of the list
    }
  }
}
