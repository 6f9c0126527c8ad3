package org.ofaspark.jobs.preprocess;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.first;
import static org.apache.spark.sql.functions.format_string;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.types.DataTypes.IntegerType;
import static org.apache.spark.sql.types.DataTypes.LongType;
import static org.apache.spark.sql.types.DataTypes.StringType;
import static org.ofaspark.jobs.table.ExampleTable.EXAMPLE_ID;
import static org.ofaspark.jobs.table.ExampleTable.FILE;
import static org.ofaspark.jobs.table.ExampleTable.LINE;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;
import org.apache.spark.sql.types.StructType;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.task.RejectReason;
import org.ofaspark.task.Task;

/**
 * Takes those examples out of a split whose id an earlier one has, by the order of the input.
 *
 * <p>Only ids are looked at. If none comes twice, as it should be, that is all; else the split is
 * written a second time.
 */
final class DuplicateIds {

  /** Up to here, all executors get the rows to leave out; images stay where they are. */
  private static final long MAX_BROADCAST_ROWS = 100_000;

  private static final String FILE_NUMBER = "file_number";
  private static final String OCCURRENCE = "occurrence";
  private static final String FIRST_FILE = "first_file";
  private static final String FIRST_LINE = "first_line";

  private static final StructType RAW_LINES =
      new StructType()
          .add(FILE, StringType, false)
          .add(LINE, LongType, false)
          .add(Rejects.RAW, StringType, false);

  private final SparkSession spark;
  private final HadoopFiles files;
  private final SplitInput split;
  private final Task task;

  DuplicateIds(SparkSession spark, HadoopFiles files, SplitInput split, Task task) {
    this.spark = spark;
    this.files = files;
    this.split = split;
    this.task = task;
  }

  /**
   * Moves rows from the examples to the rejects.
   *
   * @param directory of the split's examples
   * @param rejects those of the split
   */
  void reject(String directory, Rejects rejects) throws IOException {
    Dataset<Row> examples = ExampleTable.read(spark, directory, task);
    Dataset<Row> later =
        later(examples); // not cached: that takes away Spark's right to merge tasks
    long count = later.count();
    if (count == 0) {
      return;
    }
    Dataset<Row> duplicates = count > MAX_BROADCAST_ROWS ? later : broadcast(later);
    writeRejects(rawLines(rejects).join(duplicates, key()), rejects);
    replace(examples.join(duplicates, key(), "left_anti").select(columns()), directory);
  }

  private static String[] key() {
    return new String[] {FILE, LINE};
  }

  private Column[] columns() {
    return Arrays.stream(ExampleTable.schema(task).fieldNames())
        .map(name -> col(name))
        .toArray(Column[]::new);
  }

  /** Returns the rows whose id is not the first of its kind, and where that one is. */
  private Dataset<Row> later(Dataset<Row> examples) {
    WindowSpec sameId = Window.partitionBy(EXAMPLE_ID).orderBy(FILE_NUMBER, LINE);
    return examples
        .select(EXAMPLE_ID, FILE, LINE)
        .join(broadcast(fileNumbers()), FILE)
        .withColumn(OCCURRENCE, row_number().over(sameId))
        .withColumn(FIRST_FILE, first(FILE).over(sameId))
        .withColumn(FIRST_LINE, first(LINE).over(sameId))
        .where(col(OCCURRENCE).gt(1))
        .select(EXAMPLE_ID, FILE, LINE, FIRST_FILE, FIRST_LINE);
  }

  private Dataset<Row> fileNumbers() {
    List<Row> numbers =
        IntStream.range(0, split.files().size())
            .mapToObj(number -> RowFactory.create(split.files().get(number).path(), number))
            .toList();
    return spark.createDataFrame(
        numbers, new StructType().add(FILE, StringType).add(FILE_NUMBER, IntegerType));
  }

  private void writeRejects(Dataset<Row> duplicates, Rejects rejects) {
    duplicates
        .select(
            lit(split.split()).as(Rejects.SPLIT),
            col(FILE),
            col(LINE),
            lit(RejectReason.DUPLICATE_ID.code()).as(Rejects.REASON),
            format_string(
                    "id: \"%s\" (expected: one that no earlier row has); %s line %d has it",
                    col(EXAMPLE_ID), col(FIRST_FILE), col(FIRST_LINE))
                .as(Rejects.MESSAGE),
            col(EXAMPLE_ID).as(Rejects.ID),
            col(Rejects.RAW))
        .write()
        .mode(SaveMode.Append)
        .json(rejects.directory());
  }

  /** Returns all lines of the split as they stand in the input, with their file and number. */
  private Dataset<Row> rawLines(Rejects rejects) {
    JavaRDD<Row> rows =
        split
            .lines(JavaSparkContext.fromSparkContext(spark.sparkContext()))
            .map(line -> RowFactory.create(line.file(), line.number(), rejects.raw(line)));
    return spark.createDataFrame(rows, RAW_LINES);
  }

  private void replace(Dataset<Row> examples, String directory) throws IOException {
    String unique = TableDirectory.replacement(directory);
    ExampleTable.write(examples, unique);
    files.delete(directory);
    files.rename(unique, directory);
  }
}
