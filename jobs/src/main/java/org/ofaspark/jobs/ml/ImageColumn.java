package org.ofaspark.jobs.ml;

import java.io.Serializable;
import java.util.Arrays;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Checks;
import org.ofaspark.config.Text;
import org.ofaspark.data.Question;
import org.ofaspark.image.RgbImage;
import org.ofaspark.task.BadQuestionException;
import org.ofaspark.task.QuestionReader;

/**
 * A column of images, as Spark's readers and others make them.
 *
 * <ul>
 *   <li>binary: JPEG or PNG files, as format {@code binaryFile} reads them
 *   <li>a struct with {@code bytes}, such a file: images of Hugging Face's data sets
 *   <li>the struct of format {@code image}, {@code ImageSchema}: pixels that Spark has decoded, one
 *       byte each for gray, or for blue, green, red, and alpha, which is left out
 * </ul>
 *
 * @param index its place in a row
 * @param form how it holds images
 */
record ImageColumn(int index, Form form) implements Serializable {

  private static final String BYTES = "bytes";
  private static final String HEIGHT = "height";
  private static final String WIDTH = "width";
  private static final String CHANNELS = "nChannels";
  private static final String MODE = "mode";
  private static final String DATA = "data";

  private static final StructType STRUCT_OF_FILE =
      new StructType().add(BYTES, DataTypes.BinaryType);
  private static final StructType PIXELS =
      new StructType()
          .add(HEIGHT, DataTypes.IntegerType)
          .add(WIDTH, DataTypes.IntegerType)
          .add(CHANNELS, DataTypes.IntegerType)
          .add(MODE, DataTypes.IntegerType)
          .add(DATA, DataTypes.BinaryType);

  /** What a value of the column is. */
  enum Form {
    /** A file. */
    FILE,
    /** A struct that holds a file. */
    FILE_IN_STRUCT,
    /** A struct that holds pixels. */
    PIXELS
  }

  /**
   * Looks a column up.
   *
   * @param schema of the rows
   * @param param the parameter that names the column, for messages
   * @param name the column
   * @throws IllegalArgumentException if it holds no images
   */
  static ImageColumn of(StructType schema, String param, String name) {
    int index = schema.fieldIndex(name);
    DataType type = schema.apply(index).dataType();
    boolean isFile = type.equals(DataTypes.BinaryType);
    boolean isPixels = holds(type, PIXELS);
    Checks.that(
        param,
        Text.format("%s, %s", name, type.simpleString()),
        isFile || isPixels || holds(type, STRUCT_OF_FILE),
        "a column of images: binary, a struct with bytes of type binary, or the struct of format"
            + " image");
    return new ImageColumn(
        index, isFile ? Form.FILE : isPixels ? Form.PIXELS : Form.FILE_IN_STRUCT);
  }

  /** Tells whether a type is a struct that has all fields of another, in any order. */
  private static boolean holds(DataType type, StructType fields) {
    return type instanceof StructType struct
        && Arrays.stream(fields.fields())
            .allMatch(
                field ->
                    Arrays.stream(struct.fields())
                        .anyMatch(
                            own ->
                                own.name().equals(field.name())
                                    && own.dataType().equals(field.dataType())));
  }

  /** Returns why a row has no image that could be decoded, or null. */
  @Nullable String fault(Row row) {
    if (row.isNullAt(index)) {
      return form == Form.PIXELS
          ? "image: null (expected: pixels)"
          : "image: null (expected: a JPEG or PNG file)";
    }
    return switch (form) {
      case FILE -> null;
      case FILE_IN_STRUCT ->
          row.getStruct(index).getAs(BYTES) == null
              ? "image: bytes null (expected: a JPEG or PNG file; a path beside it is not read)"
              : null;
      case PIXELS -> faultOfPixels(row.getStruct(index));
    };
  }

  private static @Nullable String faultOfPixels(Row image) {
    for (String field : PIXELS.fieldNames()) {
      if (image.getAs(field) == null) {
        return Text.format("image: %s null (expected: pixels)", field);
      }
    }
    int height = image.<Integer>getAs(HEIGHT);
    int width = image.<Integer>getAs(WIDTH);
    int channels = image.<Integer>getAs(CHANNELS);
    int mode = image.<Integer>getAs(MODE);
    if ((channels != 1 && channels != 3 && channels != 4) || mode != 8 * (channels - 1)) {
      return Text.format(
          "image: %d channels of mode %d (expected: 1, 3 or 4 of mode 0, 16 or 24)",
          channels, mode);
    }
    int bytes = image.<byte[]>getAs(DATA).length;
    if (height < 1 || width < 1 || (long) height * width * channels != bytes) {
      return Text.format(
          "image: %d x %d pixels of %d channels, %d bytes (expected: a byte for each)",
          width, height, channels, bytes);
    }
    if (3L * height * width > Integer.MAX_VALUE) {
      return Text.format(
          "image: %d x %d pixels (expected: at most %d)", width, height, Integer.MAX_VALUE / 3);
    }
    return null;
  }

  /**
   * Makes a question about the image of a row that has no {@link #fault}.
   *
   * @param reader reads images and texts
   * @param row the row
   * @param text for expressions, the expression
   * @throws BadQuestionException if the image does not decode, or the text is no expression
   */
  Question question(QuestionReader reader, Row row, String text) throws BadQuestionException {
    return form == Form.PIXELS ? reader.read(pixels(row), text) : reader.read(file(row), text);
  }

  /** Returns the file of a row that has no {@link #fault}. */
  byte[] file(Row row) {
    return form == Form.FILE ? row.getAs(index) : row.getStruct(index).getAs(BYTES);
  }

  /** Returns the pixels of a row that has no {@link #fault}. */
  RgbImage pixels(Row row) {
    Row image = row.getStruct(index);
    int height = image.<Integer>getAs(HEIGHT);
    int width = image.<Integer>getAs(WIDTH);
    int channels = image.<Integer>getAs(CHANNELS);
    byte[] data = image.getAs(DATA);
    byte[] rgb = new byte[3 * height * width];
    int red = channels == 1 ? 0 : 2;
    int green = channels == 1 ? 0 : 1;
    for (int i = 0; i < height * width; i++) {
      rgb[3 * i] = data[channels * i + red];
      rgb[3 * i + 1] = data[channels * i + green];
      rgb[3 * i + 2] = data[channels * i];
    }
    return RgbImage.of(width, height, rgb);
  }
}
