package org.ofaspark.jobs.ml;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkContext;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.LongAccumulator;
import org.apache.spark.util.SerializableConfiguration;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Checks;
import org.ofaspark.data.Task;
import org.ofaspark.djl.ModelDirectory;
import org.ofaspark.jobs.cluster.ModelFiles;
import org.ofaspark.jobs.evaluate.ModelStage;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;

/**
 * What captioner and grounder have in common: a model directory and columns.
 *
 * <p>The model directory is what {@code submit/export --format djl} writes, at any path that all
 * executors see. An executor loads it once, however many of its tasks use it, and frees it {@code
 * modelIdleSeconds} after the last of them.
 *
 * <p>A row whose image is null or does not decode, or whose text is no expression, is answered by a
 * null. {@link #unanswered()} counts such rows, and {@code errorCol} says of each why.
 *
 * @param <T> the transformer
 */
public abstract class OfaTransformer<T extends OfaTransformer<T>> extends BeamSearchTransformer<T>
    implements DefaultParamsWritable {

  private static final long serialVersionUID = 1;
  private static final int DEFAULT_IDLE_SECONDS = 60;

  private final Task task;
  private final Param<String> inputCol;
  private final Param<String> outputCol;
  private final Param<String> errorCol;
  private final Param<String> modelDir;
  private final IntParam modelIdleSeconds;
  private final IntParam batchSize;
  private transient @Nullable LongAccumulator unanswered;

  /** A parameter of text; the constructors of Param itself differ between Spark 3.5 and 4. */
  private static final class TextParam extends Param<String> {
    private static final long serialVersionUID = 1;

    TextParam(Identifiable parent, String name, String doc) {
      super(parent, name, doc);
    }
  }

  OfaTransformer(String uid, Task task, String defaultOutputCol) {
    super(uid);
    this.task = task;
    inputCol = text("inputCol", "binary column of images, each a JPEG or PNG file");
    outputCol = text("outputCol", "column of answers, which is added");
    errorCol = text("errorCol", "column that says why there is no answer, added if this is set");
    modelDir = text("modelDir", "model directory, at a path that all executors see");
    modelIdleSeconds =
        new IntParam(this, "modelIdleSeconds", "how long an executor keeps a model not in use");
    batchSize = new IntParam(this, "batchSize", "rows answered at a time");
    setDefault(outputCol, defaultOutputCol);
    setDefault(modelIdleSeconds, DEFAULT_IDLE_SECONDS);
  }

  final Param<String> text(String name, String doc) {
    return new TextParam(this, name, doc);
  }

  @Override
  public final Dataset<Row> transform(Dataset<?> dataset) {
    StructType schema = dataset.schema();
    StructType result = transformSchema(schema);
    SparkContext spark = dataset.sparkSession().sparkContext();
    if (unanswered == null) {
      unanswered = spark.longAccumulator(uid() + " unanswered");
    }
    var columns =
        new AnswerPartition.Columns(
            schema.fieldIndex(getOrDefault(inputCol)), textIndex(schema), isSet(errorCol));
    Duration idle = Duration.ofSeconds((int) getOrDefault(modelIdleSeconds));
    var answers = new AnswerPartition(stage(spark), columns, unanswered, idle);
    return dataset.toDF().mapPartitions(answers, Encoders.row(result));
  }

  private ModelStage stage(SparkContext spark) {
    Configuration hadoop = spark.hadoopConfiguration();
    Checks.that("modelDir", "not set", isSet(modelDir), "a model directory");
    var files = new HadoopFiles(hadoop);
    try {
      String directory = files.qualified(getOrDefault(modelDir));
      String file = directory + "/" + ModelDirectory.RECIPE;
      if (!files.exists(file)) {
        throw new IllegalArgumentException(
            "modelDir: %s: no %s (expected: a model directory); make one by"
                    .formatted(directory, ModelDirectory.RECIPE)
                + " submit/export RUN DIRECTORY --format djl");
      }
      Recipe recipe = RecipeReader.parse(file, files.readText(file), overrides());
      Checks.that(
          "modelDir",
          "%s, a model of task %s".formatted(directory, lower(recipe.task())),
          recipe.task() == task,
          "a model of task " + lower(task));
      ModelStage.requireSupported(spark.conf(), recipe);
      return new ModelStage(
          recipe.resolvedText(),
          Vocabulary.read(files, directory),
          ModelFiles.of(files, directory, new SerializableConfiguration(hadoop)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String lower(Task task) {
    return task.name().toLowerCase(Locale.ROOT);
  }

  @Override
  List<String> overrides() {
    List<String> overrides = super.overrides();
    addIfSet(overrides, "evaluate.batch-size", batchSize);
    return overrides;
  }

  @Override
  public final StructType transformSchema(StructType schema) {
    Checks.that("inputCol", "not set", isSet(inputCol), "the name of a column of images");
    requireType(schema, inputCol, DataTypes.BinaryType);
    textIndex(schema);
    StructType result = schema.add(getOrDefault(outputCol), outputType(), true);
    requireNew(schema, outputCol);
    if (!isSet(errorCol)) {
      return result;
    }
    requireNew(schema, errorCol);
    return result.add(getOrDefault(errorCol), DataTypes.StringType, true);
  }

  /** Returns the type of answers. */
  abstract DataType outputType();

  /** Returns the place of the text column, any number if there is none. */
  abstract int textIndex(StructType schema);

  /** Returns the place of a column. */
  final int requireType(StructType schema, Param<String> column, DataType type) {
    int index = schema.fieldIndex(getOrDefault(column));
    DataType actual = schema.apply(index).dataType();
    Checks.that(
        column.name(),
        "%s, %s".formatted(getOrDefault(column), actual.simpleString()),
        actual.equals(type),
        "a column of type " + type.simpleString());
    return index;
  }

  private void requireNew(StructType schema, Param<String> column) {
    String name = getOrDefault(column);
    boolean isNew = schema.getFieldIndex(name).isEmpty();
    Checks.that(column.name(), name, isNew, "a name that no column has");
  }

  /**
   * Returns how many rows had no answer, in all that this transformer's datasets have computed so
   * far. Rows that Spark computes twice count twice; the exact number for a dataset is that of the
   * nulls in its column of answers. Driver.
   */
  public final long unanswered() {
    return unanswered == null ? 0 : unanswered.value();
  }

  /** Returns the parameter of the column of images. */
  public final Param<String> inputCol() {
    return inputCol;
  }

  /** Names the column of images: binary, each a JPEG or PNG file. */
  public final T setInputCol(String value) {
    return with(inputCol, value);
  }

  /** Returns the parameter of the column of answers. */
  public final Param<String> outputCol() {
    return outputCol;
  }

  /** Names the column of answers, which is added. */
  public final T setOutputCol(String value) {
    return with(outputCol, value);
  }

  /** Returns the parameter of the column of errors. */
  public final Param<String> errorCol() {
    return errorCol;
  }

  /** Names a column that says why there is no answer; it is added only if it has a name. */
  public final T setErrorCol(String value) {
    return with(errorCol, value);
  }

  /** Returns the parameter of the model directory. */
  public final Param<String> modelDir() {
    return modelDir;
  }

  /** Names the model directory: any Hadoop path that all executors see. */
  public final T setModelDir(String value) {
    return with(modelDir, value);
  }

  /** Returns the parameter of how long an executor keeps a model that is not in use. */
  public final IntParam modelIdleSeconds() {
    return modelIdleSeconds;
  }

  /** Sets how long an executor keeps a model that is not in use; 0 frees it at once. */
  public final T setModelIdleSeconds(int value) {
    return with(modelIdleSeconds, value);
  }

  /** Returns the parameter of how many rows are answered at a time. */
  public final IntParam batchSize() {
    return batchSize;
  }

  /** Sets how many rows are answered at a time; if it is not set, as in the model's recipe. */
  public final T setBatchSize(int value) {
    return with(batchSize, value);
  }
}
