package org.ofaspark.task.caption;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.ofaspark.data.Column;
import org.ofaspark.data.Fields;
import org.ofaspark.metric.BleuStatistics;
import org.ofaspark.metric.NgramCounts;
import org.ofaspark.metric.SummedMetric;
import org.ofaspark.task.TaskMetrics;

/**
 * Metrics of captions, from the scores of each ({@link CaptionScoring}).
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
final class CaptionMetrics implements TaskMetrics {

  /** The CIDEr of a caption. */
  static final Column<Double> CIDER = Column.ofDouble("cider").nullable();

  /** The CIDEr-D of upstream's validation, none without cached document frequencies. */
  static final Column<Double> CIDER_VALID = Column.ofDouble("cider_valid").nullable();

  /** The ROUGE-L of a caption. */
  static final Column<Double> ROUGE_L = Column.ofDouble("rouge_l").nullable();

  /** The BLEU of a caption alone, by order. */
  static final List<Column<Double>> BLEU =
      List.of(bleu("bleu_1"), bleu("bleu_2"), bleu("bleu_3"), bleu("bleu_4"));

  /** The last of {@link #BLEU}. */
  static final Column<Double> BLEU_4 = BLEU.get(NgramCounts.MAX_ORDER - 1);

  // What the BLEU of a whole split is made of: the reference words are those of the reference
  // closest in length, the matches those n-grams of each order that a reference holds.
  private static final Column<Integer> HYPOTHESIS_WORDS =
      Column.ofInteger("hypothesis_words").nullable();
  private static final Column<Integer> REFERENCE_WORDS =
      Column.ofInteger("reference_words").nullable();
  private static final Column<List<Integer>> MATCHES = Column.ofIntegers("matches").nullable();

  private static final long serialVersionUID = 1;

  private static final int CIDER_AT = OWN;
  private static final int CIDER_VALID_AT = OWN + 1;
  private static final int CIDER_VALID_EXAMPLES = OWN + 2;
  private static final int ROUGE_L_AT = OWN + 3;
  private static final int HYPOTHESIS_WORDS_AT = OWN + 4;
  private static final int REFERENCE_WORDS_AT = OWN + 5;
  private static final int MATCHES_AT = OWN + 6;
  private static final int NGRAMS_AT = MATCHES_AT + NgramCounts.MAX_ORDER;

  private static Column<Double> bleu(String name) {
    return Column.ofDouble(name).nullable();
  }

  @Override
  public List<Column<?>> columns() {
    List<Column<?>> columns = new ArrayList<>();
    columns.add(CaptionTask.REFERENCES);
    columns.addAll(List.of(CIDER, CIDER_VALID, ROUGE_L));
    columns.addAll(BLEU);
    columns.addAll(List.of(HYPOTHESIS_WORDS, REFERENCE_WORDS, MATCHES));
    return columns;
  }

  @Override
  public int size() {
    return NGRAMS_AT + NgramCounts.MAX_ORDER;
  }

  @Override
  public void set(double[] statistics, Fields prediction) {
    statistics[CIDER_AT] = prediction.require(CIDER);
    Double ciderValid = prediction.get(CIDER_VALID);
    statistics[CIDER_VALID_AT] = ciderValid == null ? 0 : ciderValid;
    statistics[CIDER_VALID_EXAMPLES] = ciderValid == null ? 0 : 1;
    statistics[ROUGE_L_AT] = prediction.require(ROUGE_L);
    int words = prediction.require(HYPOTHESIS_WORDS);
    statistics[HYPOTHESIS_WORDS_AT] = words;
    statistics[REFERENCE_WORDS_AT] = prediction.require(REFERENCE_WORDS);
    for (int i = 0; i < NgramCounts.MAX_ORDER; i++) {
      statistics[MATCHES_AT + i] = prediction.require(MATCHES).get(i);
      statistics[NGRAMS_AT + i] = Math.max(0, words - i);
    }
  }

  @Override
  public List<SummedMetric> metrics() {
    List<SummedMetric> metrics = new ArrayList<>();
    metrics.add(SummedMetric.quotient("cider", CIDER_AT, EXAMPLES));
    metrics.add(SummedMetric.quotient("cider_valid", CIDER_VALID_AT, CIDER_VALID_EXAMPLES));
    metrics.add(SummedMetric.quotient("rouge_l", ROUGE_L_AT, EXAMPLES));
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
      matches[i] = (long) sums[MATCHES_AT + i];
      ngrams[i] = (long) sums[NGRAMS_AT + i];
    }
    return BleuStatistics.ofSums(
        (long) sums[HYPOTHESIS_WORDS_AT], (long) sums[REFERENCE_WORDS_AT], matches, ngrams);
  }

  @Override
  public Column<Double> exampleScore() {
    return CIDER;
  }

  /**
   * Returns the scores of a caption as values of its row.
   *
   * @param cider its CIDEr
   * @param ciderValid its CIDEr-D of upstream's validation, if there is one
   * @param rougeL its ROUGE-L
   * @param bleu what BLEU needs to know of it
   */
  static Fields scores(
      double cider, @Nullable Double ciderValid, double rougeL, BleuStatistics bleu) {
    Fields.Builder scores =
        Fields.builder()
            .put(CIDER, cider)
            .put(CIDER_VALID, ciderValid)
            .put(ROUGE_L, rougeL)
            .put(HYPOTHESIS_WORDS, (int) bleu.hypothesisWords())
            .put(REFERENCE_WORDS, (int) bleu.referenceWords());
    List<Integer> matches = new ArrayList<>();
    for (int order = 1; order <= NgramCounts.MAX_ORDER; order++) {
      scores.put(BLEU.get(order - 1), bleu.bleu(order));
      matches.add((int) bleu.matches(order));
    }
    return scores.put(MATCHES, matches).build();
  }
}
