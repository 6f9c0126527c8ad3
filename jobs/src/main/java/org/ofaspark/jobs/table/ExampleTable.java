package org.ofaspark.jobs.table;

import static org.apache.spark.sql.types.DataTypes.BinaryType;
import static org.apache.spark.sql.types.DataTypes.IntegerType;
import static org.apache.spark.sql.types.DataTypes.LongType;
import static org.apache.spark.sql.types.DataTypes.StringType;
import static org.apache.spark.sql.types.DataTypes.createArrayType;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.ofaspark.data.Column;
import org.ofaspark.data.EncodedImage;
import org.ofaspark.data.Example;
import org.ofaspark.task.PredictionColumns;
import org.ofaspark.task.Task;

/** The columns of a table of examples, and the way between its rows and {@link Example}. */
public final class ExampleTable {

  /** Column that names the example. */
  public static final String EXAMPLE_ID = PredictionColumns.EXAMPLE_ID.name();

  /** Column that names the image. */
  public static final String IMAGE_ID = PredictionColumns.IMAGE_ID.name();

  /** Column of the text as it was read. */
  public static final String TEXT = PredictionColumns.TEXT.name();

  /** The columns of examples of every task. */
  public static final StructType SCHEMA =
      new StructType()
          .add(EXAMPLE_ID, StringType, false)
          .add(IMAGE_ID, StringType, false)
          .add("image", BinaryType, false)
          .add("width", IntegerType, false)
          .add("height", IntegerType, false)
          .add("source", createArrayType(IntegerType, false), false)
          .add("target", createArrayType(IntegerType, false), false)
          .add(TEXT, StringType, false);

  /** Column of the input file that the example comes from. */
  public static final String FILE = "file";

  /** Column of its line there, counted from 1. */
  public static final String LINE = "line";

  private static final long ROW_GROUP_BYTES = 32L << 20;
  private static final long MAX_ROWS_BETWEEN_SIZE_CHECKS = 16;

  private ExampleTable() {}

  /**
   * Returns the columns as preprocess writes them: {@link #SCHEMA}, those of the task, and where
   * the example comes from.
   *
   * @param task what the examples are for
   */
  public static StructType schema(Task task) {
    return new StructType(
        Stream.of(
                SCHEMA.fields(),
                Columns.schema(task.exampleColumns()).fields(),
                new StructType().add(FILE, StringType, false).add(LINE, LongType, false).fields())
            .flatMap(Arrays::stream)
            .toArray(StructField[]::new));
  }

  /**
   * Makes a row of an example and where it comes from.
   *
   * @param example the example
   * @param task what it is for
   * @param file the input file
   * @param line the line there, counted from 1
   * @return a row of {@link #schema}
   */
  public static Row toRow(Example example, Task task, String file, long line) {
    List<@Nullable Object> values =
        new ArrayList<>(
            List.of(
                example.exampleId(),
                example.imageId(),
                example.image().bytes(),
                example.image().width(),
                example.image().height(),
                example.source().toArray(),
                example.target().toArray(),
                example.text()));
    task.exampleColumns().forEach(column -> values.add(Columns.value(example.own(), column)));
    values.add(file);
    values.add(line);
    return RowFactory.create(values.toArray());
  }

  /**
   * Writes examples into a new directory.
   *
   * <p>With zstd, rows that repeat the image of a neighbour take next to no room. Row groups are
   * small and looked at often, since a writer holds one of them in memory, and a few rows can be as
   * large as hundreds of others.
   *
   * @param examples rows of {@link #schema}
   * @param directory of a split
   */
  public static void write(Dataset<Row> examples, String directory) {
    examples
        .write()
        .option("compression", "zstd")
        .option("parquet.block.size", ROW_GROUP_BYTES)
        .option("parquet.page.size.row.check.min", 1)
        .option("parquet.page.size.row.check.max", MAX_ROWS_BETWEEN_SIZE_CHECKS)
        .option("parquet.enable.dictionary#image", false)
        .parquet(directory);
  }

  /**
   * Reads examples, without the columns of their task.
   *
   * @param spark a session of {@code JobCommand}, so that it takes few images into memory at a time
   * @param directory of a split
   * @return rows of {@link #SCHEMA}
   */
  public static Dataset<Row> read(SparkSession spark, String directory) {
    return spark.read().schema(SCHEMA).parquet(directory);
  }

  /**
   * Reads examples.
   *
   * @param spark a session of {@code JobCommand}, so that it takes few images into memory at a time
   * @param directory of a split
   * @param task what the examples are for
   * @return rows of {@link #schema}
   */
  public static Dataset<Row> read(SparkSession spark, String directory, Task task) {
    return spark.read().schema(schema(task)).parquet(directory);
  }

  /**
   * Makes an example of a row, without what its task adds.
   *
   * @param row a row with the columns of {@link #SCHEMA}, and maybe others
   */
  public static Example fromRow(Row row) {
    return fromRow(row, List.of());
  }

  /**
   * Makes an example of a row.
   *
   * @param row a row of {@link #schema}, and maybe with other columns
   * @param task what the example is for
   */
  public static Example fromRow(Row row, Task task) {
    return fromRow(row, task.exampleColumns());
  }

  private static Example fromRow(Row row, List<Column<?>> own) {
    return new Example(
        row.getAs(EXAMPLE_ID),
        row.getAs(IMAGE_ID),
        new EncodedImage(row.getAs("image"), row.getAs("width"), row.getAs("height")),
        row.getList(row.fieldIndex("source")),
        row.getList(row.fieldIndex("target")),
        row.getAs(TEXT),
        Columns.fields(row, own));
  }
}
