package org.ofaspark.jobs.evaluate;

import static org.apache.spark.sql.types.DataTypes.IntegerType;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.ofaspark.config.Sha256;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.task.Task;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The answers of an evaluation in progress, kept in a directory chunk by chunk: what is there when
 * a job fails is not computed again by the next one. Driver.
 *
 * <pre>
 *   ID/source.txt           what the answers depend on, of which the ID is a hash
 *   ID/answers/chunk=N/     the answers of a chunk, as Parquet, there as soon as its task ends
 * </pre>
 *
 * <p>A chunk is done if it has as many answers as examples. A process that is killed may leave less
 * of it, and two that write at once more: it is made again.
 */
final class UnfinishedAnswers {

  private static final Logger LOG = LoggerFactory.getLogger(UnfinishedAnswers.class);

  private static final String CHUNK = "chunk";
  private static final int ID_LENGTH = 12;

  private final SparkSession spark;
  private final HadoopFiles files;
  private final StructType schema;
  private final String directory;
  private final String answers;

  /**
   * Opens a directory, which need not exist.
   *
   * @param spark the session
   * @param files access to the file system
   * @param task what the answers are for
   * @param directory where answers are kept: those of other sources, which another evaluation may
   *     be making, stay apart
   * @param source everything that the answers depend on
   */
  UnfinishedAnswers(
      SparkSession spark, HadoopFiles files, Task task, String directory, String source)
      throws IOException {
    this.spark = spark;
    this.files = files;
    this.schema = PredictionTable.schema(task).add(CHUNK, IntegerType, false);
    String hash = Sha256.of(source.getBytes(StandardCharsets.UTF_8));
    this.directory = directory + "/" + hash.substring(0, ID_LENGTH);
    this.answers = this.directory + "/answers";
    files.writeText(this.directory + "/source.txt", source);
  }

  /** Returns where the answers of this source are. */
  String directory() {
    return directory;
  }

  /**
   * Computes the chunks that are missing.
   *
   * @param chunks the examples
   * @param predict answers the rows of a partition, with rows of {@link PredictionTable}
   * @return the answers of all examples
   */
  Dataset<Row> complete(ExampleChunks chunks, FlatMapFunction<Iterator<Row>, Row> predict)
      throws IOException {
    List<Integer> all = chunks.all();
    Set<Integer> done = done(chunks);
    keepOnly(done);
    List<Integer> missing = all.stream().filter(chunk -> !done.contains(chunk)).toList();
    if (!done.isEmpty()) {
      LOG.info(
          "{} of {} chunks are there from an evaluation that did not end", done.size(), all.size());
    }
    if (!missing.isEmpty()) {
      write(chunks.rows(missing).mapPartitions(predict), missing);
    }
    return spark.read().schema(schema).parquet(answers).drop(CHUNK);
  }

  /** Returns the chunks with an answer to each of their examples. Only footers are read. */
  private Set<Integer> done(ExampleChunks chunks) throws IOException {
    if (files.list(answers).isEmpty()) {
      return Set.of();
    }
    return spark
        .read()
        .schema(schema)
        .option("ignoreCorruptFiles", true) // the chunk lacks their answers then
        .parquet(answers)
        .groupBy(CHUNK)
        .count()
        .collectAsList()
        .stream()
        .filter(row -> row.getLong(1) == chunks.examples(row.getInt(0)))
        .map(row -> row.getInt(0))
        .collect(Collectors.toSet());
  }

  private void keepOnly(Set<Integer> chunks) throws IOException {
    Set<String> names =
        chunks.stream().map(chunk -> CHUNK + "=" + chunk).collect(Collectors.toSet());
    for (String name : files.list(answers)) {
      if (!names.contains(name)) {
        files.delete(answers + "/" + name);
      }
    }
  }

  /** Each task moves its chunk into place when it ends, not the job that of all. */
  private void write(JavaRDD<Row> rows, List<Integer> chunks) {
    JavaRDD<Row> withChunk =
        rows.mapPartitionsWithIndex((partition, each) -> with(chunks.get(partition), each), true);
    spark
        .createDataFrame(withChunk, schema)
        .write()
        .mode(SaveMode.Append)
        .option("mapreduce.fileoutputcommitter.algorithm.version", 2)
        .option("mapreduce.fileoutputcommitter.marksuccessfuljobs", false) // chunks tell
        .partitionBy(CHUNK)
        .parquet(answers);
  }

  private static Iterator<Row> with(int chunk, Iterator<Row> rows) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return rows.hasNext();
      }

      @Override
      public Row next() {
        Row row = rows.next();
        Object[] values = new Object[row.length() + 1];
        for (int i = 0; i < row.length(); i++) {
          values[i] = row.get(i);
        }
        values[row.length()] = chunk;
        return RowFactory.create(values);
      }
    };
  }
}
