package org.ofaspark.jobs.table;

import static org.apache.spark.sql.types.DataTypes.BinaryType;
import static org.apache.spark.sql.types.DataTypes.FloatType;
import static org.apache.spark.sql.types.DataTypes.IntegerType;
import static org.apache.spark.sql.types.DataTypes.LongType;
import static org.apache.spark.sql.types.DataTypes.StringType;
import static org.apache.spark.sql.types.DataTypes.createArrayType;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.ofaspark.data.EncodedImage;
import org.ofaspark.data.Example;
import org.ofaspark.data.Region;
import org.ofaspark.image.Box;
import org.ofaspark.image.ResizeRatios;

/** The columns of a table of examples, and the way between its rows and {@link Example}. */
public final class ExampleTable {

  /** Column that names the example. */
  public static final String EXAMPLE_ID = "example_id";

  /** Column that names the image. */
  public static final String IMAGE_ID = "image_id";

  /** Column of the text as it was read. */
  public static final String TEXT = "text";

  /** Column of the cleaned references. */
  public static final String REFERENCES = "references";

  /** Column of the region's left, top, right and bottom edge, in pixels. */
  public static final String REGION = "region";

  /** The columns. Those of the region are null for captions. */
  public static final StructType SCHEMA =
      new StructType()
          .add(EXAMPLE_ID, StringType, false)
          .add(IMAGE_ID, StringType, false)
          .add("image", BinaryType, false)
          .add("width", IntegerType, false)
          .add("height", IntegerType, false)
          .add("source", createArrayType(IntegerType, false), false)
          .add("target", createArrayType(IntegerType, false), false)
          .add(TEXT, StringType, false)
          .add(REFERENCES, createArrayType(StringType, false), false)
          .add(REGION, createArrayType(FloatType, false), true)
          .add("bins", createArrayType(IntegerType, false), true)
          .add("w_resize_ratio", FloatType, true)
          .add("h_resize_ratio", FloatType, true);

  /** Column of the input file that the example comes from. */
  public static final String FILE = "file";

  /** Column of its line there, counted from 1. */
  public static final String LINE = "line";

  /** The columns as preprocess writes them: {@link #SCHEMA}, and where the example comes from. */
  public static final StructType SCHEMA_WITH_ORIGIN =
      SCHEMA.add(FILE, StringType, false).add(LINE, LongType, false);

  private static final long ROW_GROUP_BYTES = 32L << 20;
  private static final long MAX_ROWS_BETWEEN_SIZE_CHECKS = 16;

  private ExampleTable() {}

  /**
   * Makes a row of an example.
   *
   * @param example the example
   * @return a row of {@link #SCHEMA}
   */
  public static Row toRow(Example example) {
    return RowFactory.create(values(example));
  }

  /**
   * Makes a row of an example and where it comes from.
   *
   * @param example the example
   * @param file the input file
   * @param line the line there, counted from 1
   * @return a row of {@link #SCHEMA_WITH_ORIGIN}
   */
  public static Row toRow(Example example, String file, long line) {
    Object[] values = Arrays.copyOf(values(example), SCHEMA_WITH_ORIGIN.size());
    values[SCHEMA.size()] = file;
    values[SCHEMA.size() + 1] = line;
    return RowFactory.create(values);
  }

  /**
   * Writes examples into a new directory.
   *
   * <p>With zstd, rows that repeat the image of a neighbour take next to no room. Row groups are
   * small and looked at often, since a writer holds one of them in memory, and a few rows can be as
   * large as hundreds of others.
   *
   * @param examples rows of {@link #SCHEMA_WITH_ORIGIN}
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
   * Reads examples.
   *
   * @param spark a session of {@code JobCommand}, so that it takes few images into memory at a time
   * @param directory of a split
   * @return rows of {@link #SCHEMA_WITH_ORIGIN}
   */
  public static Dataset<Row> read(SparkSession spark, String directory) {
    return spark.read().schema(SCHEMA_WITH_ORIGIN).parquet(directory);
  }

  private static @Nullable Object[] values(Example example) {
    Region region = example.region().orElse(null);
    Box box = region == null ? null : region.box();
    return new @Nullable Object[] {
      example.exampleId(),
      example.imageId(),
      example.image().bytes(),
      example.image().width(),
      example.image().height(),
      example.source().toArray(),
      example.target().toArray(),
      example.text(),
      example.references().toArray(),
      box == null ? null : new Object[] {box.x0(), box.y0(), box.x1(), box.y1()},
      region == null ? null : region.bins().toArray(),
      region == null ? null : region.ratios().width(),
      region == null ? null : region.ratios().height()
    };
  }

  /**
   * Makes an example of a row.
   *
   * @param row a row with the columns of {@link #SCHEMA}, and maybe others
   */
  public static Example fromRow(Row row) {
    return new Example(
        row.getAs(EXAMPLE_ID),
        row.getAs(IMAGE_ID),
        new EncodedImage(row.getAs("image"), row.getAs("width"), row.getAs("height")),
        row.getList(row.fieldIndex("source")),
        row.getList(row.fieldIndex("target")),
        row.getAs(TEXT),
        row.getList(row.fieldIndex(REFERENCES)),
        region(row));
  }

  private static Optional<Region> region(Row row) {
    int column = row.fieldIndex("region");
    if (row.isNullAt(column)) {
      return Optional.empty();
    }
    List<Float> box = row.getList(column);
    float width = row.getAs("w_resize_ratio");
    float height = row.getAs("h_resize_ratio");
    return Optional.of(
        new Region(
            new Box(box.get(0), box.get(1), box.get(2), box.get(3)),
            row.getList(row.fieldIndex("bins")),
            new ResizeRatios(width, height)));
  }
}
