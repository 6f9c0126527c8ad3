package org.ofaspark.jobs.evaluate;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import org.ofaspark.jobs.table.PredictionTable;
import org.ofaspark.metric.BleuStatistics;
import org.ofaspark.metric.NgramCounts;
import org.ofaspark.metric.SummedMetric;

/**
 * Metrics of captions, from the scores of each ({@link CaptionScores}).
 *
 * <ul>
 *   <li>{@code cider}: mean CIDEr-D with document frequencies over the split, which is the CIDEr of
 *       coco-caption
 *   <li>{@code cider_valid}: mean CIDEr-D as upstream's validation has it, with cached document
 *       frequencies; only if there are any
 *   <li>{@code bleu_1} to {@code bleu_4}: of the whole split, with the closest reference's length
 *   <li>{@code rouge_l}: mean ROUGE-L
 * </ul>
 */
final class CaptionMetrics extends TaskMetrics {

  private static final long serialVersionUID = 1;

  private static final int CIDER = OWN;
  private static final int CIDER_VALID = OWN + 1;
  private static final int CIDER_VALID_EXAMPLES = OWN + 2;
  private static final int ROUGE_L = OWN + 3;
  private static final int HYPOTHESIS_WORDS = OWN + 4;
  private static final int REFERENCE_WORDS = OWN + 5;
  private static final int MATCHES = OWN + 6;
  private static final int NGRAMS = MATCHES + NgramCounts.MAX_ORDER;

  @Override
  public int size() {
    return NGRAMS + NgramCounts.MAX_ORDER;
  }

  @Override
  void setOwn(double[] statistics, Row prediction) {
    statistics[CIDER] = prediction.<Double>getAs(PredictionTable.CIDER);
    Double ciderValid = prediction.getAs(PredictionTable.CIDER_VALID);
    statistics[CIDER_VALID] = ciderValid == null ? 0 : ciderValid;
    statistics[CIDER_VALID_EXAMPLES] = ciderValid == null ? 0 : 1;
    statistics[ROUGE_L] = prediction.<Double>getAs(PredictionTable.ROUGE_L);
    BleuStatistics bleu = PredictionTable.bleu(prediction);
    statistics[HYPOTHESIS_WORDS] = bleu.hypothesisWords();
    statistics[REFERENCE_WORDS] = bleu.referenceWords();
    for (int order = 1; order <= NgramCounts.MAX_ORDER; order++) {
      statistics[MATCHES + order - 1] = bleu.matches(order);
      statistics[NGRAMS + order - 1] = bleu.ngrams(order);
    }
  }

  @Override
  List<SummedMetric> own() {
    List<SummedMetric> metrics = new ArrayList<>();
    metrics.add(SummedMetric.quotient("cider", CIDER, EXAMPLES));
    metrics.add(SummedMetric.quotient("cider_valid", CIDER_VALID, CIDER_VALID_EXAMPLES));
    metrics.add(SummedMetric.quotient("rouge_l", ROUGE_L, EXAMPLES));
    for (int order = 1; order <= NgramCounts.MAX_ORDER; order++) {
      int upTo = order;
      metrics.add(new SummedMetric("bleu_" + order, sums -> bleu(sums).bleu(upTo)));
    }
    return metrics;
  }

  private static BleuStatistics bleu(double[] sums) {
    long[] matches = new long[NgramCounts.MAX_ORDER];
    long[] ngrams = new long[NgramCounts.MAX_ORDER];
    for (int i = 0; i < NgramCounts.MAX_ORDER; i++) {
      matches[i] = (long) sums[MATCHES + i];
      ngrams[i] = (long) sums[NGRAMS + i];
    }
    return BleuStatistics.ofSums(
        (long) sums[HYPOTHESIS_WORDS], (long) sums[REFERENCE_WORDS], matches, ngrams);
  }

  @Override
  public String exampleScore() {
    return PredictionTable.CIDER;
  }
}
