package org.ofaspark.jobs.ml;

import ai.djl.ModelException;
import ai.djl.inference.Predictor;
import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.spark.task.BasePredictor;
import ai.djl.translate.TranslateException;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.apache.spark.TaskContext;
import org.apache.spark.ml.param.Param;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.TaskCompletionListener;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Checks;
import org.ofaspark.djl.OfaTranslatorFactory;
import org.ofaspark.image.RgbImage;
import org.ofaspark.jobs.serving.BatchedRows;

/**
 * A predictor of DJL's Spark extension for a model directory of {@code submit/export --format djl}.
 * Engine, types and translator are set; {@code setModelUrl} takes the directory's URL, which has to
 * be the same on all executors.
 *
 * <p>Each task loads the model, and closes it when it ends. A row whose image or text is null or
 * invalid is answered by a null. {@link OfaTransformer}s load a model once an executor.
 */
public abstract class OfaPredictor extends BasePredictor<Input, Output> {

  private static final long serialVersionUID = 1;
  private static final int OK = 200;
  private static final String IMAGE = "image";

  private final Param<String> inputCol;
  private final Param<String> outputCol;

  OfaPredictor(String uid, String defaultOutputCol) {
    super(uid);
    inputCol = text("inputCol", "column of images: JPEG or PNG files, or Spark's image struct");
    outputCol = text("outputCol", "column of answers, which is added");
    setDefault(outputCol, defaultOutputCol);
    setDefault(engine(), "PyTorch");
    setDefault(inputClass(), Input.class);
    setDefault(outputClass(), Output.class);
    setDefault(translatorFactory(), new OfaTranslatorFactory(Map.of("invalidInput", "skip")));
  }

  final Param<String> text(String name, String doc) {
    return new OfaTransformer.TextParam(this, name, doc);
  }

  /** Returns the type of answers. */
  abstract DataType outputType();

  /** Adds to an input what a row has beside an image. */
  abstract void complete(Input input, Row row);

  /** Makes the value of an answer. */
  abstract @Nullable Object value(JsonObject answer);

  /** Returns the parameter of the column of images. */
  public final Param<String> inputCol() {
    return inputCol;
  }

  /** Returns the parameter of the column of answers. */
  public final Param<String> outputCol() {
    return outputCol;
  }

  private ImageColumn imageColumn(StructType schema) {
    Checks.that("inputCol", "not set", isSet(inputCol), "the name of a column of images");
    return ImageColumn.of(schema, inputCol.name(), getOrDefault(inputCol));
  }

  @Override
  public void validateInputType(StructType schema) {
    imageColumn(schema);
  }

  @Override
  public final StructType transformSchema(StructType schema) {
    validateInputType(schema);
    String name = getOrDefault(outputCol);
    boolean isNew = Arrays.stream(schema.fieldNames()).noneMatch(name::equalsIgnoreCase);
    Checks.that("outputCol", name, isNew, "a name that no column has, whatever its case");
    return schema.add(name, outputType(), true);
  }

  @Override
  public final scala.collection.Iterator<Row> transformRows(scala.collection.Iterator<Row> rows) {
    if (!rows.hasNext()) {
      return rows; // no need to load a model
    }
    ZooModel<Input, Output> model = load();
    Predictor<Input, Output> predictor = model.newPredictor();
    TaskContext.get()
        .addTaskCompletionListener(
            (TaskCompletionListener)
                ended -> {
                  predictor.close();
                  model.close();
                });
    int size = (int) getOrDefault(batchSize());
    return new ScalaRows(
        new BatchedRows(ScalaRows.toJava(rows), size, batch -> answer(predictor, batch)));
  }

  private ZooModel<Input, Output> load() {
    String url = getOrDefault(modelUrl());
    try {
      return Criteria.builder()
          .setTypes(Input.class, Output.class)
          .optEngine(getOrDefault(engine()))
          .optModelUrls(url)
          .optTranslatorFactory(getOrDefault(translatorFactory()))
          .build()
          .loadModel();
    } catch (IOException | ModelException e) {
      throw new IllegalStateException(
          "modelUrl: " + url + " (expected: the file: URL of a model directory)", e);
    }
  }

  private List<Row> answer(Predictor<Input, Output> predictor, List<Row> rows) {
    ImageColumn images = imageColumn(rows.get(0).schema());
    List<@Nullable Input> inputs = new ArrayList<>();
    for (Row row : rows) {
      if (images.fault(row) == null) {
        Input input = new Input();
        input.add(IMAGE, file(images, row));
        complete(input, row);
        inputs.add(input);
      } else {
        inputs.add(null);
      }
    }
    try {
      List<Output> outputs = predictor.batchPredict(inputs);
      List<Row> answers = new ArrayList<>();
      for (int i = 0; i < rows.size(); i++) {
        answers.add(answered(rows.get(i), value(outputs.get(i))));
      }
      return answers;
    } catch (TranslateException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns an image as a file: pixels as a PNG file, which loses nothing. */
  private static byte[] file(ImageColumn images, Row row) {
    if (images.form() != ImageColumn.Form.PIXELS) {
      return images.file(row);
    }
    RgbImage pixels = images.pixels(row);
    byte[] rgb = pixels.toBytes();
    int width = pixels.width();
    var image = new BufferedImage(width, pixels.height(), BufferedImage.TYPE_3BYTE_BGR);
    image.getRaster().setPixels(0, 0, width, pixels.height(), unsigned(rgb));
    var file = new ByteArrayOutputStream();
    try (var out = new MemoryCacheImageOutputStream(file)) {
      ImageIO.write(image, "png", out);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // memory does not fail
    }
    return file.toByteArray();
  }

  private static int[] unsigned(byte[] bytes) {
    int[] values = new int[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      values[i] = Byte.toUnsignedInt(bytes[i]);
    }
    return values;
  }

  private @Nullable Object value(Output output) {
    return output.getCode() == OK
        ? value(JsonParser.parseString(output.getAsString(0)).getAsJsonObject())
        : null;
  }

  private static Row answered(Row row, @Nullable Object answer) {
    @Nullable Object[] values = new @Nullable Object[row.length() + 1];
    for (int i = 0; i < row.length(); i++) {
      values[i] = row.get(i);
    }
    values[row.length()] = answer;
    return RowFactory.create(values);
  }
}
