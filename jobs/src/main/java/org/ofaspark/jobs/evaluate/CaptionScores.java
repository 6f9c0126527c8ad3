package org.ofaspark.jobs.evaluate;

import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.metric.CaptionWords;
import org.ofaspark.metric.CiderScorer;
import org.ofaspark.metric.DocumentFrequency;
import org.ofaspark.metric.MeanScore;
import org.ofaspark.metric.NgramCounts;
import org.ofaspark.metric.PtbTokenizer;

/**
 * Caption metrics as aggregations over a table of predictions. Driver.
 *
 * <p>{@code cider} is CIDEr of coco-caption: PTB tokens, document frequencies over the references
 * of the split.
 */
public final class CaptionScores {

  private CaptionScores() {}

  /**
   * Returns the predictions with the CIDEr of each.
   *
   * @param spark the session's context
   * @param predictions rows of {@link PredictionTable}
   */
  public static JavaRDD<Row> withCider(JavaSparkContext spark, Dataset<Row> predictions) {
    DocumentFrequency frequency =
        predictions
            .select(ExampleTable.REFERENCES)
            .javaRDD()
            .map(row -> counts(row.<String>getList(0)))
            .treeAggregate(
                new DocumentFrequency.Builder(),
                DocumentFrequency.Builder::add,
                DocumentFrequency.Builder::merge)
            .build();
    Broadcast<CiderScorer> scorer = spark.broadcast(new CiderScorer(frequency));
    return predictions
        .javaRDD()
        .map(
            row ->
                PredictionTable.isPrediction(row)
                    ? PredictionTable.withCider(row, cider(scorer.value(), row))
                    : row);
  }

  private static double cider(CiderScorer scorer, Row row) {
    List<String> references = row.getList(row.fieldIndex(ExampleTable.REFERENCES));
    return scorer.score(counts(row.<String>getAs(PredictionTable.HYPOTHESIS)), counts(references));
  }

  private static List<NgramCounts> counts(List<String> texts) {
    return texts.stream().map(CaptionScores::counts).toList();
  }

  private static NgramCounts counts(String text) {
    return NgramCounts.of(CaptionWords.atWhiteSpace(PtbTokenizer.normalize(text)));
  }

  /**
   * Averages the CIDEr of predictions.
   *
   * @param scored what {@link #withCider} returns with its schema, without rows that have no
   *     prediction
   * @return metrics by name
   */
  public static Map<String, Double> metrics(JavaRDD<Row> scored) {
    MeanScore mean =
        scored
            .map(row -> row.<Double>getAs(PredictionTable.CIDER))
            .aggregate(MeanScore.EMPTY, MeanScore::plus, MeanScore::plus);
    return Map.of("cider", mean.mean());
  }
}
