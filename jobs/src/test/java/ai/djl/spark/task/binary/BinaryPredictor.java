package ai.djl.spark.task.binary;

import ai.djl.spark.task.BasePredictor;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/** Stands in for the class of DJL's Spark extension, by its signatures. */
public class BinaryPredictor extends BasePredictor<byte[], byte[]> {

  private static final long serialVersionUID = 1;

  /** Creates a predictor. */
  public BinaryPredictor() {
    super("binary");
  }

  public BinaryPredictor setInputCol(String value) {
    throw new UnsupportedOperationException("a stand-in");
  }

  public BinaryPredictor setOutputCol(String value) {
    throw new UnsupportedOperationException("a stand-in");
  }

  public Dataset<Row> predict(Dataset<?> dataset) {
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
