package org.ofaspark.jobs.ml;

import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
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
import org.ofaspark.config.Text;
import org.ofaspark.djl.ModelDirectory;
import org.ofaspark.jobs.cluster.AssignedDevice;
import org.ofaspark.jobs.cluster.ModelFiles;
import org.ofaspark.jobs.serving.ModelStage;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.table.Vocabulary;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.recipe.RecipeReader;
import org.ofaspark.task.Task;

/**
 * What the transformers of all tasks have in common: a model directory and columns.
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
  private static final String PRECISION = "evaluate.precision";

  private final Task task;
  private final Param<String> inputCol;
  private final Param<String> outputCol;
  private final Param<String> errorCol;
  private final Param<String> modelDir;
  private final IntParam modelIdleSeconds;
  private final IntParam batchSize;
  private final Param<String> precision;
  private transient AtomicReference<@Nullable LongAccumulator> unanswered = new AtomicReference<>();

  /** A parameter of text; the constructors of Param itself differ between Spark 3.5 and 4. */
  static final class TextParam extends Param<String> {
    private static final long serialVersionUID = 1;

    TextParam(Identifiable parent, String name, String doc) {
      super(parent, name, doc);
    }
  }

  OfaTransformer(String uid, Task task, String defaultOutputCol) {
    super(uid);
    this.task = task;
    inputCol = text("inputCol", "column of images: JPEG or PNG files, or Spark's image struct");
    outputCol = text("outputCol", "column of answers, which is added");
    errorCol = text("errorCol", "column that says why there is no answer, added if this is set");
    modelDir = text("modelDir", "model directory, at a path that all executors see");
    modelIdleSeconds =
        new IntParam(this, "modelIdleSeconds", "how long an executor keeps a model not in use");
    batchSize = new IntParam(this, "batchSize", "rows answered at a time");
    precision =
        text("precision", "fp32, bf16 or, on GPUs, fp16; if not set, as the model's recipe");
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
    LongAccumulator count =
        unanswered.updateAndGet(
            known -> known != null ? known : spark.longAccumulator(uid() + " unanswered"));
    var columns =
        new AnswerPartition.Columns(
            imageColumn(schema), textIndex(schema), isSet(errorCol), values());
    Duration idle = Duration.ofSeconds((int) getOrDefault(modelIdleSeconds));
    var answers = new AnswerPartition(stage(spark), columns, count, idle);
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
            Text.format(
                    "modelDir: %s: no %s (expected: a model directory); make one by",
                    directory, ModelDirectory.RECIPE)
                + " submit/export RUN DIRECTORY --format djl");
      }
      Recipe recipe = recipe(spark, file, files.readText(file));
      Checks.that(
          "modelDir",
          Text.format("%s, a model of task %s", directory, recipe.task().name()),
          recipe.task().name().equals(task.name()),
          "a model of task " + task.name());
      ModelStage.requireSupported(spark.conf(), recipe);
      return new ModelStage(
          recipe.resolvedText(),
          Vocabulary.read(files, directory),
          ModelFiles.of(files, directory, new SerializableConfiguration(hadoop)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Reads a recipe. Upstream's say float16: where there is no GPU for it, float32 stands in. */
  private Recipe recipe(SparkContext spark, String file, String text) {
    List<String> overrides = overrides();
    Recipe recipe = RecipeReader.parse(file, text, overrides);
    boolean isChosen = isSet(precision);
    if (isChosen
        || AssignedDevice.objection(spark.conf(), PRECISION, recipe.evaluate().precision())
            .isEmpty()) {
      return recipe;
    }
    overrides.add(PRECISION + "=fp32");
    return RecipeReader.parse(file, text, overrides);
  }

  @Override
  List<String> overrides() {
    List<String> overrides = super.overrides();
    addIfSet(overrides, "evaluate.batch-size", batchSize);
    addIfSet(overrides, PRECISION, precision);
    return overrides;
  }

  @Override
  public final StructType transformSchema(StructType schema) {
    imageColumn(schema);
    textIndex(schema);
    requireNew(schema, outputCol);
    StructType result = schema.add(getOrDefault(outputCol), outputType(), true);
    if (!isSet(errorCol)) {
      return result;
    }
    requireNew(result, errorCol);
    return result.add(getOrDefault(errorCol), DataTypes.StringType, true);
  }

  private ImageColumn imageColumn(StructType schema) {
    Checks.that("inputCol", "not set", isSet(inputCol), "the name of a column of images");
    return ImageColumn.of(schema, inputCol.name(), getOrDefault(inputCol));
  }

  /** Returns the type of answers. */
  abstract DataType outputType();

  /** Returns how answers become values of {@link #outputType}. */
  abstract AnswerPartition.Values values();

  /** Returns the place of the text column, any number if there is none. */
  abstract int textIndex(StructType schema);

  /** Returns the place of a column. */
  final int requireType(StructType schema, Param<String> column, DataType type) {
    int index = schema.fieldIndex(getOrDefault(column));
    DataType actual = schema.apply(index).dataType();
    Checks.that(
        column.name(),
        Text.format("%s, %s", getOrDefault(column), actual.simpleString()),
        actual.equals(type),
        "a column of type " + type.simpleString());
    return index;
  }

  private void requireNew(StructType schema, Param<String> column) {
    String name = getOrDefault(column);
    boolean isNew = Arrays.stream(schema.fieldNames()).noneMatch(name::equalsIgnoreCase);
    Checks.that(column.name(), name, isNew, "a name that no column has, whatever its case");
  }

  /**
   * Returns how many rows had no answer, in all that this transformer's datasets have computed so
   * far. Rows that Spark computes twice count twice; the exact number for a dataset is that of the
   * nulls in its column of answers. Copies count together. Driver.
   */
  public final long unanswered() {
    LongAccumulator count = unanswered.get();
    return count == null ? 0 : count.value();
  }

  private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
    in.defaultReadObject();
    unanswered = new AtomicReference<>();
  }

  /** Lets a copy, which Spark makes when it is given parameters, count where this one does. */
  final T counting(T copy) {
    OfaTransformer<T> other = copy;
    other.unanswered = unanswered;
    return copy;
  }

  /** Returns the parameter of the column of images. */
  public final Param<String> inputCol() {
    return inputCol;
  }

  /**
   * Names the column of images: binary, each a JPEG or PNG file; a struct whose {@code bytes} are
   * such a file; or the struct of Spark's format {@code image}, whose pixels are taken as they are.
   */
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

  /** Returns the parameter of what the model computes in. */
  public final Param<String> precision() {
    return precision;
  }

  /**
   * Sets what the model computes in: fp32, bf16 or, on GPUs, fp16. If it is not set, as in the
   * model's recipe, but fp32 where that says fp16 and tasks have no GPU.
   */
  public final T setPrecision(String value) {
    return with(precision, value);
  }
}
