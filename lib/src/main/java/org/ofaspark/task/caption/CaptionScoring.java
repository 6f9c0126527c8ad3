package org.ofaspark.task.caption;

import static org.ofaspark.task.PredictionColumns.HYPOTHESIS;
import static org.ofaspark.task.PredictionColumns.TEXT;

import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.Spliterators;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.ofaspark.data.Fields;
import org.ofaspark.metric.BleuStatistics;
import org.ofaspark.metric.CaptionExample;
import org.ofaspark.metric.CiderScorer;
import org.ofaspark.metric.DocumentFrequency;
import org.ofaspark.metric.NgramCounts;
import org.ofaspark.metric.NgramOccurrences;
import org.ofaspark.task.Resources;
import org.ofaspark.task.SplitScoring;
import org.ofaspark.text.CaptionText;

/**
 * The scores of each caption of a split. Captions are cut into words once; the first pass counts in
 * how many examples each n-gram occurs.
 *
 * @param cached scores with document frequencies that were counted before, for {@code cider_valid}
 */
public record CaptionScoring(@Nullable CiderScorer cached)
    implements SplitScoring<CaptionExample, NgramOccurrences, DocumentFrequency.Builder> {

  /**
   * Reads what a recipe names.
   *
   * @param cachedTokens cached document frequencies
   * @param resources where they are
   */
  static CaptionScoring of(Optional<String> cachedTokens, Resources resources) throws IOException {
    Optional<DocumentFrequency> cached =
        cachedTokens.isPresent()
            ? CachedFrequency.read(resources, cachedTokens.get())
            : Optional.empty();
    return new CaptionScoring(cached.map(CiderScorer::new).orElse(null));
  }

  @Override
  public Set<String> missing() {
    return cached == null ? Set.of(CaptionMetrics.CIDER_VALID.name()) : Set.of();
  }

  /** Cuts a row's captions; an example without a prediction still is a document of the split. */
  @Override
  public CaptionExample prepare(Fields prediction) {
    String hypothesis = prediction.get(HYPOTHESIS);
    return CaptionExample.ofPtbTokens(
        hypothesis == null ? "" : hypothesis, prediction.require(CaptionTask.REFERENCES));
  }

  @Override
  public List<NgramOccurrences> count(Iterator<CaptionExample> examples, int parts) {
    Iterator<List<NgramCounts>> references =
        StreamSupport.stream(Spliterators.spliteratorUnknownSize(examples, 0), false)
            .filter(CaptionExample::hasReferences)
            .map(CaptionExample::referenceNgrams)
            .iterator();
    return NgramOccurrences.of(references, parts);
  }

  @Override
  public DocumentFrequency.Builder join(Iterator<NgramOccurrences> part) {
    return NgramOccurrences.common(part);
  }

  @Override
  public DocumentFrequency.Builder join(
      DocumentFrequency.Builder one, DocumentFrequency.Builder other) {
    return one.merge(other);
  }

  @Override
  public Scorer<CaptionExample> scorer(DocumentFrequency.Builder counts) {
    var split = new CiderScorer(counts.build());
    CiderScorer ofCached = cached;
    return (caption, prediction) -> {
      NgramCounts hypothesis = caption.hypothesisNgrams();
      List<NgramCounts> references = caption.referenceNgrams();
      return CaptionMetrics.scores(
          split.score(hypothesis, references),
          ciderValid(ofCached, prediction),
          caption.rougeL(),
          BleuStatistics.of(hypothesis, references));
    };
  }

  /** Scores as upstream's validation does: words without punctuation, in the case they have. */
  private static @Nullable Double ciderValid(@Nullable CiderScorer scorer, Fields prediction) {
    if (scorer == null) {
      return null;
    }
    CaptionExample caption =
        CaptionExample.ofPlainWords(
            prediction.require(HYPOTHESIS), CaptionText.references(prediction.require(TEXT)));
    return scorer.score(caption.hypothesisNgrams(), caption.referenceNgrams());
  }
}
