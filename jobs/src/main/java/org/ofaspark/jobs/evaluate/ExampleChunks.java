package org.ofaspark.jobs.evaluate;

import static java.util.Comparator.comparingInt;
import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.floor;
import static org.apache.spark.sql.functions.size;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ofaspark.jobs.table.ExampleTable;
import scala.Tuple2;

/**
 * The examples of a split in an order of their own, cut into chunks of whole batches: by the length
 * of the source, so that a batch holds little padding, then by id. The last bits of an answer
 * depend on the batch that it is computed in; so the answers are the same on any number of
 * executors, and a chunk that is done stays valid. Driver.
 */
final class ExampleChunks {

  /** So many chunks that a lost one costs little, and so few that each is worth a task. */
  private static final long MOST = 256;

  private static final String PLACE = "place";
  private static final String CHUNK = "chunk";
  private static final StructType PLACES =
      new StructType()
          .add(ExampleTable.EXAMPLE_ID, DataTypes.StringType, false)
          .add(PLACE, DataTypes.LongType, false);

  private final Dataset<Row> examples;
  private final Dataset<Row> places;
  private final long count;
  private final long chunkSize;

  /**
   * Cuts a split.
   *
   * @param spark the session
   * @param examples rows of {@link ExampleTable}
   * @param batchSize examples of a batch
   */
  ExampleChunks(SparkSession spark, Dataset<Row> examples, int batchSize) {
    this.examples = examples;
    List<Row> lengths =
        examples.select(col(ExampleTable.EXAMPLE_ID), size(col("source"))).collectAsList().stream()
            .sorted(comparingInt((Row row) -> row.getInt(1)).thenComparing(row -> row.getString(0)))
            .toList();
    this.count = lengths.size();
    List<Row> places = new ArrayList<>();
    for (Row row : lengths) {
      places.add(RowFactory.create(row.getString(0), (long) places.size()));
    }
    this.places = spark.createDataFrame(places, PLACES);
    long batches = (count + batchSize - 1) / batchSize;
    this.chunkSize = Math.max(1, (batches + MOST - 1) / MOST) * batchSize;
  }

  /** Returns the number of examples. */
  long examples() {
    return count;
  }

  /**
   * Returns the number of examples of a chunk.
   *
   * @param chunk its number, from 0
   */
  long examples(int chunk) {
    return Math.min(chunkSize, count - chunk * chunkSize);
  }

  /** Returns the numbers of all chunks. */
  List<Integer> all() {
    return IntStream.range(0, (int) ((count + chunkSize - 1) / chunkSize)).boxed().toList();
  }

  /**
   * Returns the rows of chunks.
   *
   * @param chunks numbers of chunks, from 0
   * @return a partition for each of the chunks, in their order; its rows are in the chunk's order
   */
  JavaRDD<Row> rows(List<Integer> chunks) {
    Dataset<Row> wanted =
        places
            .withColumn(CHUNK, floor(col(PLACE).divide(chunkSize)))
            .filter(col(CHUNK).isInCollection(chunks));
    return examples
        .join(broadcast(wanted), ExampleTable.EXAMPLE_ID)
        .javaRDD()
        .mapToPair(row -> new Tuple2<>(row.<Long>getAs(PLACE), row))
        .repartitionAndSortWithinPartitions(new ChunkPartitioner(chunkSize, chunks))
        .values();
  }

  /** Sends each place to the partition of its chunk. */
  private static final class ChunkPartitioner extends Partitioner {
    private static final long serialVersionUID = 1;

    private final long chunkSize;
    private final HashMap<Long, Integer> partitionOf = new HashMap<>();

    ChunkPartitioner(long chunkSize, List<Integer> chunks) {
      this.chunkSize = chunkSize;
      for (int i = 0; i < chunks.size(); i++) {
        partitionOf.put(chunks.get(i).longValue(), i);
      }
    }

    @Override
    public int numPartitions() {
      return partitionOf.size();
    }

    @Override
    public int getPartition(Object place) {
      return Objects.requireNonNull(partitionOf.get((Long) place / chunkSize));
    }
  }
}
