package org.ofaspark.jobs.evaluate;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.metric.BleuStatistics;
import org.ofaspark.metric.CaptionWords;
import org.ofaspark.metric.CiderScorer;
import org.ofaspark.metric.DocumentFrequency;
import org.ofaspark.metric.NgramCounts;
import org.ofaspark.metric.PtbTokenizer;
import org.ofaspark.metric.RougeScorer;

/**
 * Caption metrics as aggregations over a table of predictions, on words of the PTB tokenizer.
 * Driver.
 *
 * <ul>
 *   <li>{@code cider}: CIDEr of coco-caption, which is CIDEr-D with document frequencies over the
 *       references of the split
 *   <li>{@code bleu_1} to {@code bleu_4}: of the whole split, with the closest reference's length
 *   <li>{@code rouge_l}: mean over the captions; an empty hypothesis has 0
 * </ul>
 */
public final class CaptionScores {

  private CaptionScores() {}

  /**
   * Returns the predictions with the scores of each.
   *
   * @param spark the session's context
   * @param predictions rows of {@link PredictionTable}
   */
  public static JavaRDD<Row> withScores(JavaSparkContext spark, Dataset<Row> predictions) {
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
        .map(row -> PredictionTable.isPrediction(row) ? scored(scorer.value(), row) : row);
  }

  private static Row scored(CiderScorer scorer, Row row) {
    String hypothesis = PtbTokenizer.normalize(row.<String>getAs(PredictionTable.HYPOTHESIS));
    List<String> references =
        row.<String>getList(row.fieldIndex(ExampleTable.REFERENCES)).stream()
            .map(PtbTokenizer::normalize)
            .toList();
    double cider =
        scorer.score(ngrams(hypothesis), references.stream().map(CaptionScores::ngrams).toList());
    return PredictionTable.withScores(row, cider, rougeL(hypothesis, references));
  }

  private static List<NgramCounts> counts(List<String> texts) {
    return texts.stream().map(CaptionScores::counts).toList();
  }

  private static NgramCounts counts(String text) {
    return ngrams(PtbTokenizer.normalize(text));
  }

  private static NgramCounts ngrams(String normalized) {
    return NgramCounts.of(CaptionWords.atWhiteSpace(normalized));
  }

  private static double rougeL(String hypothesis, List<String> references) {
    List<String> words = words(hypothesis);
    List<List<String>> others =
        references.stream().map(CaptionScores::words).filter(other -> !other.isEmpty()).toList();
    return words.isEmpty() || others.isEmpty() ? 0 : RougeScorer.score(words, others);
  }

  private static List<String> words(String normalized) {
    return CaptionWords.atBlanks(normalized).stream().filter(word -> !word.isEmpty()).toList();
  }

  private static BleuStatistics bleu(Row row) {
    return BleuStatistics.of(
        counts(row.<String>getAs(PredictionTable.HYPOTHESIS)),
        counts(row.<String>getList(row.fieldIndex(ExampleTable.REFERENCES))));
  }

  /**
   * Scores a split.
   *
   * @param scored what {@link #withScores} returns with its schema, without rows that have no
   *     prediction
   * @return metrics by name
   */
  public static Map<String, Double> metrics(JavaRDD<Row> scored) {
    Map<String, Double> metrics = new TreeMap<>();
    metrics.putAll(
        NamedMeans.of(
            scored.map(
                row ->
                    Map.of(
                        "cider", row.<Double>getAs(PredictionTable.CIDER),
                        "rouge_l", row.<Double>getAs(PredictionTable.ROUGE_L)))));
    BleuStatistics bleu =
        scored
            .map(CaptionScores::bleu)
            .aggregate(BleuStatistics.EMPTY, BleuStatistics::plus, BleuStatistics::plus);
    for (int order = 1; order <= NgramCounts.MAX_ORDER; order++) {
      metrics.put("bleu_" + order, bleu.bleu(order));
    }
    return metrics;
  }
}
