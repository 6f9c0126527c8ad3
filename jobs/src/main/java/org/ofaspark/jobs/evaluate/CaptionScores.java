package org.ofaspark.jobs.evaluate;

import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.apache.spark.HashPartitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;
import org.jspecify.annotations.Nullable;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.metric.BleuStatistics;
import org.ofaspark.metric.CaptionExample;
import org.ofaspark.metric.CiderScorer;
import org.ofaspark.metric.DocumentFrequency;
import org.ofaspark.metric.NgramCounts;
import org.ofaspark.metric.NgramOccurrences;
import org.ofaspark.text.CaptionText;
import scala.Tuple2;

/**
 * The scores of each caption of a split. Driver.
 *
 * <p>Captions are cut into words once. The first pass counts in how many examples each n-gram
 * occurs: tasks note their own, a shuffle brings the same n-grams together, and the driver gets
 * those of the few n-grams that several examples share, which it broadcasts. The second pass
 * scores.
 */
public final class CaptionScores {

  private CaptionScores() {}

  /** Scorers that differ in where the document frequencies come from. */
  private record Scorers(CiderScorer split, @Nullable CiderScorer cached) implements Serializable {}

  /**
   * Scores captions.
   *
   * @param spark the session
   * @param predictions rows of {@link PredictionTable}, in the same order whenever they are read
   * @param cached document frequencies for {@code cider_valid}
   * @return the rows with scores, kept on executors until the caller unpersists them
   */
  public static Dataset<Row> of(
      SparkSession spark, Dataset<Row> predictions, Optional<DocumentFrequency> cached) {
    var context = new JavaSparkContext(spark.sparkContext());
    JavaRDD<List<CaptionExample>> lists =
        predictions
            .javaRDD()
            .map(CaptionScores::caption)
            .glom() // Spark looks through every object that it keeps, but not through a list's
            .persist(StorageLevel.MEMORY_AND_DISK());
    JavaRDD<CaptionExample> captions = lists.flatMap(List::iterator);
    Broadcast<Scorers> scorers =
        context.broadcast(
            new Scorers(
                new CiderScorer(frequency(captions.filter(CaptionExample::hasReferences))),
                cached.map(CiderScorer::new).orElse(null)));
    Dataset<Row> scored =
        spark
            .createDataFrame(
                predictions
                    .javaRDD()
                    .zip(captions)
                    .map(caption -> scored(scorers.value(), caption._1(), caption._2())),
                PredictionTable.SCHEMA)
            .persist(StorageLevel.MEMORY_AND_DISK());
    long unused = scored.javaRDD().count(); // one job: that of the Dataset takes three
    lists.unpersist();
    return scored;
  }

  /** Cuts a row's captions; an example without a prediction still is a document of the split. */
  private static CaptionExample caption(Row row) {
    String hypothesis = row.getAs(PredictionTable.HYPOTHESIS);
    return CaptionExample.ofPtbTokens(
        hypothesis == null ? "" : hypothesis,
        row.getList(PredictionTable.SCHEMA.fieldIndex(ExampleTable.REFERENCES)));
  }

  private static DocumentFrequency frequency(JavaRDD<CaptionExample> captions) {
    int parts = captions.getNumPartitions();
    return captions
        .mapPartitionsToPair(examples -> numbered(NgramOccurrences.of(references(examples), parts)))
        .partitionBy(new HashPartitioner(parts))
        .values()
        .mapPartitions(same -> List.of(NgramOccurrences.common(same)).iterator())
        .reduce(DocumentFrequency.Builder::merge)
        .build();
  }

  private static Iterator<List<NgramCounts>> references(Iterator<CaptionExample> examples) {
    Iterable<CaptionExample> all = () -> examples;
    return StreamSupport.stream(all.spliterator(), false)
        .map(CaptionExample::referenceNgrams)
        .iterator();
  }

  private static Iterator<Tuple2<Integer, NgramOccurrences>> numbered(
      List<NgramOccurrences> parts) {
    return IntStream.range(0, parts.size()).mapToObj(i -> new Tuple2<>(i, parts.get(i))).iterator();
  }

  private static Row scored(Scorers scorers, Row row, CaptionExample caption) {
    if (!PredictionTable.isLabelled(row)) {
      return row;
    }
    NgramCounts hypothesis = caption.hypothesisNgrams();
    List<NgramCounts> references = caption.referenceNgrams();
    return PredictionTable.withScores(
        row,
        scorers.split().score(hypothesis, references),
        ciderValid(scorers.cached(), row),
        caption.rougeL(),
        BleuStatistics.of(hypothesis, references));
  }

  /** Scores as upstream's validation does: words without punctuation, in the case they have. */
  private static @Nullable Double ciderValid(@Nullable CiderScorer scorer, Row row) {
    if (scorer == null) {
      return null;
    }
    CaptionExample caption =
        CaptionExample.ofPlainWords(
            row.getAs(PredictionTable.HYPOTHESIS),
            CaptionText.references(row.getAs(ExampleTable.TEXT)));
    return scorer.score(caption.hypothesisNgrams(), caption.referenceNgrams());
  }
}
