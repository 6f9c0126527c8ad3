package org.ofaspark.jobs.evaluate;

import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.HashPartitioner;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;
import org.ofaspark.data.Fields;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.task.SplitScoring;
import org.ofaspark.task.Task;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;

/**
 * The scores of a split's predictions that depend on all of its examples, see {@link SplitScoring}.
 * Driver.
 *
 * <p>Tasks count their own examples, a shuffle brings the counts of a part together, and the driver
 * gets those, which it broadcasts. The second pass scores.
 */
public final class SplitScores {

  private static final Logger LOG = LoggerFactory.getLogger(SplitScores.class);

  /** Spark's own default for a stage, which a session of ranks has at 1. */
  private static final int ATTEMPTS = 4;

  private SplitScores() {}

  /**
   * Scores predictions.
   *
   * @param spark the session
   * @param task what the predictions are for
   * @param scoring how they are scored
   * @param predictions rows of {@link PredictionTable}, in the same order whenever they are read
   * @return the rows with scores, kept on executors until the caller unpersists them
   */
  public static <E extends Serializable, P extends Serializable, C extends Serializable>
      Dataset<Row> of(
          SparkSession spark, Task task, SplitScoring<E, P, C> scoring, Dataset<Row> predictions) {
    var context = new JavaSparkContext(spark.sparkContext());
    JavaRDD<List<E>> lists =
        predictions
            .javaRDD()
            .map(row -> scoring.prepare(PredictionTable.fields(task, row)))
            .glom() // Spark looks through every object that it keeps, but not through a list's
            .persist(StorageLevel.MEMORY_AND_DISK());
    JavaRDD<E> examples = lists.flatMap(List::iterator);
    Broadcast<SplitScoring.Scorer<E>> scorer =
        context.broadcast(scoring.scorer(counts(scoring, examples)));
    Dataset<Row> scored =
        spark
            .createDataFrame(
                predictions
                    .javaRDD()
                    .zip(examples)
                    .map(pair -> scored(task, scorer.value(), pair._1(), pair._2())),
                PredictionTable.schema(task))
            .persist(StorageLevel.MEMORY_AND_DISK());
    long unused = scored.javaRDD().count(); // one job: that of the Dataset takes three
    lists.unpersist();
    return scored;
  }

  private static <E extends Serializable, P extends Serializable, C extends Serializable> C counts(
      SplitScoring<E, P, C> scoring, JavaRDD<E> examples) {
    for (int attempt = 1; ; attempt++) {
      try {
        return shuffledCounts(scoring, examples);
      } catch (Exception failure) { // Scala throws SparkException without declaring it
        if (attempt == ATTEMPTS || !isLostShuffle(failure)) {
          throw failure;
        }
        LOG.warn("Counts went with an executor that has ended, so they are made again");
      }
    }
  }

  /** Whether an executor ended between the two halves of a shuffle. Spark gives a text only. */
  private static boolean isLostShuffle(Exception failure) {
    return failure instanceof SparkException
        && String.valueOf(failure.getMessage()).contains("FetchFailedException");
  }

  private static <E extends Serializable, P extends Serializable, C extends Serializable>
      C shuffledCounts(SplitScoring<E, P, C> scoring, JavaRDD<E> examples) {
    int parts = examples.getNumPartitions();
    return examples
        .mapPartitionsToPair(partition -> numbered(scoring.count(partition, parts)))
        .partitionBy(new HashPartitioner(parts))
        .values()
        .mapPartitions(part -> List.of(scoring.join(part)).iterator())
        .reduce(scoring::join);
  }

  private static <P> Iterator<Tuple2<Integer, P>> numbered(List<P> parts) {
    return IntStream.range(0, parts.size()).mapToObj(i -> new Tuple2<>(i, parts.get(i))).iterator();
  }

  private static <E> Row scored(Task task, SplitScoring.Scorer<E> scorer, Row row, E example) {
    if (!PredictionTable.isLabelled(row)) {
      return row;
    }
    Fields prediction = PredictionTable.fields(task, row);
    return PredictionTable.toRow(
        task, prediction.with().putAll(scorer.score(example, prediction)).build());
  }
}
