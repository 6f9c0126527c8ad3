package ai.djl.spark.task;

import ai.djl.translate.TranslatorFactory;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/**
 * Stands in for the class of DJL's Spark extension, by its signatures, where that cannot be had.
 *
 * @param <A> what a model is given
 * @param <B> what it answers
 */
public abstract class BasePredictor<A, B> extends Transformer {

  private static final long serialVersionUID = 1;

  private final String uid;
  private final Param<String> modelUrl;
  private final Param<String> engine;
  private final IntParam batchSize;
  private final Param<Class<A>> inputClass;
  private final Param<Class<B>> outputClass;
  private final Param<TranslatorFactory> translatorFactory;

  private static final class Named<T> extends Param<T> {
    private static final long serialVersionUID = 1;

    Named(Identifiable parent, String name) {
      super(parent, name, name);
    }
  }

  /**
   * Creates a predictor.
   *
   * @param uid its name
   */
  public BasePredictor(String uid) {
    this.uid = uid;
    modelUrl = new Named<>(this, "modelUrl");
    engine = new Named<>(this, "engine");
    batchSize = new IntParam(this, "batchSize", "batchSize");
    inputClass = new Named<>(this, "inputClass");
    outputClass = new Named<>(this, "outputClass");
    translatorFactory = new Named<>(this, "translatorFactory");
    setDefault(batchSize, 10);
  }

  @Override
  public String uid() {
    return uid;
  }

  public final Param<String> modelUrl() {
    return modelUrl;
  }

  public final Param<String> engine() {
    return engine;
  }

  public final IntParam batchSize() {
    return batchSize;
  }

  public final Param<Class<A>> inputClass() {
    return inputClass;
  }

  public final Param<Class<B>> outputClass() {
    return outputClass;
  }

  public final Param<TranslatorFactory> translatorFactory() {
    return translatorFactory;
  }

  public BasePredictor<A, B> setModelUrl(String value) {
    set(modelUrl, value);
    return this;
  }

  public BasePredictor<A, B> setEngine(String value) {
    set(engine, value);
    return this;
  }

  public BasePredictor<A, B> setBatchSize(int value) {
    set(batchSize, value);
    return this;
  }

  public BasePredictor<A, B> setTranslatorFactory(TranslatorFactory value) {
    set(translatorFactory, value);
    return this;
  }

  @Override
  public Dataset<Row> transform(Dataset<?> dataset) {
    throw new UnsupportedOperationException("a stand-in");
  }

  @Override
  public BasePredictor<A, B> copy(ParamMap extra) {
    return defaultCopy(extra);
  }

  public abstract scala.collection.Iterator<Row> transformRows(scala.collection.Iterator<Row> rows);

  public abstract void validateInputType(StructType schema);
}
