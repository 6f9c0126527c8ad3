package ai.djl.spark.task.vision;

import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.output.DetectedObjects;
import ai.djl.spark.task.BasePredictor;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/** Stands in for the class of DJL's Spark extension, by its signatures. */
public class ObjectDetector extends BasePredictor<Image, DetectedObjects> {

  private static final long serialVersionUID = 1;

  /** Creates a detector. */
  public ObjectDetector() {
    super("detector");
  }

  public BasePredictor<Image, DetectedObjects> setInputCols(String[] values) {
    throw new UnsupportedOperationException("a stand-in");
  }

  public ObjectDetector setOutputCol(String value) {
    throw new UnsupportedOperationException("a stand-in");
  }

  public Dataset<Row> detect(Dataset<?> dataset) {
    throw new UnsupportedOperationException("a stand-in");
  }

  @Override
  public scala.collection.Iterator<Row> transformRows(scala.collection.Iterator<Row> rows) {
    throw new UnsupportedOperationException("a stand-in");
  }

  @Override
  public void validateInputType(StructType schema) {
    throw new UnsupportedOperationException("a stand-in");
  }

  @Override
  public StructType transformSchema(StructType schema) {
    throw new UnsupportedOperationException("a stand-in");
  }
}
