package org.ofaspark.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.golden.Golden;

/** BLEU, ROUGE-L and CIDEr of the COCO caption evaluation, for each image and over all. */
class CaptionMetricsGoldenTest {

  private static final String FILE = "caption-metrics/caption_metrics_golden.json";
  private static final String OTHER_IMAGES = "caption-metrics/cider_df_corpus_400.json";

  /** The reference computes in double precision too; only the order of sums differs. */
  private static final Offset<Double> TOLERANCE = within(1e-9);

  private static List<JsonObject> images = List.of();
  private static JsonObject overall = new JsonObject();

  @BeforeAll
  static void readGolden() {
    Golden.assumeHas(FILE);
    JsonObject golden = Golden.object(FILE);
    images =
        golden.getAsJsonArray("images").asList().stream()
            .map(JsonElement::getAsJsonObject)
            .toList();
    overall = golden.getAsJsonObject("overall");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void bleuEqualsTheReferenceForEachImageAndOverall(int order) {
    BleuStatistics corpus = BleuStatistics.EMPTY;
    for (JsonObject image : images) {
      BleuStatistics statistics =
          BleuStatistics.of(
              ngrams(image, "candidate_ptb"), referenceNgrams(image, "references_ptb"));
      assertScore(image, "Bleu_" + order, statistics.bleu(order));
      corpus = corpus.plus(statistics);
    }
    assertThat(corpus.bleu(order)).isCloseTo(overall("Bleu_" + order), TOLERANCE);
  }

  @Test
  void rougeEqualsTheReferenceForEachImageAndOverall() {
    assertScores(
        "ROUGE_L",
        image ->
            RougeScorer.score(
                words(image.get("candidate_ptb").getAsString()),
                strings(image, "references_ptb").stream()
                    .map(CaptionMetricsGoldenTest::words)
                    .toList()));
  }

  private static long[] words(String caption) {
    return NgramCounts.fingerprints(CaptionWords.atBlanks(caption));
  }

  @Test
  void ciderEqualsTheReferenceForEachImageAndOverall() {
    assertCider("CIDEr", "ptb", frequency(images, "references_ptb"));
  }

  @Test
  void upstreamCiderOverTheCorpusEqualsUpstream() {
    assertCider("OFA_CiderD_corpus", "ofa", frequency(images, "references_ofa"));
  }

  @Test
  void upstreamCiderWithCachedFrequenciesEqualsUpstream() {
    Golden.assumeHas(OTHER_IMAGES);
    JsonObject other = Golden.object(OTHER_IMAGES);
    List<JsonObject> otherImages =
        other.getAsJsonArray("images").asList().stream().map(JsonElement::getAsJsonObject).toList();
    DocumentFrequency frequency = frequency(otherImages, "references_ofa");

    assertThat(frequency.documents()).isEqualTo(other.get("ref_len").getAsLong());
    assertCider("OFA_CiderD_cached_df" + frequency.documents(), "ofa", frequency);
  }

  @Test
  void imagesMayBeMergedInAnyOrder() {
    DocumentFrequency.Builder evens = new DocumentFrequency.Builder();
    DocumentFrequency.Builder odds = new DocumentFrequency.Builder();
    IntStream.range(0, images.size())
        .forEach(
            i ->
                (i % 2 == 0 ? evens : odds)
                    .add(referenceNgrams(images.get(images.size() - 1 - i), "references_ptb")));

    assertCider("CIDEr", "ptb", odds.merge(evens).build());
  }

  private static void assertCider(String metric, String form, DocumentFrequency frequency) {
    CiderScorer scorer = new CiderScorer(frequency);
    assertScores(
        metric,
        image ->
            scorer.score(
                ngrams(image, "candidate_" + form), referenceNgrams(image, "references_" + form)));
  }

  private static void assertScores(String metric, Function<JsonObject, Double> scorer) {
    double sum = 0;
    for (JsonObject image : images) {
      double score = scorer.apply(image);
      assertScore(image, metric, score);
      sum += score;
    }
    assertThat(sum / images.size()).isCloseTo(overall(metric), TOLERANCE);
  }

  private static void assertScore(JsonObject image, String metric, double score) {
    assertThat(score)
        .as("%s of image %s", metric, image.get("image_id"))
        .isCloseTo(image.getAsJsonObject("scores").get(metric).getAsDouble(), TOLERANCE);
  }

  private static double overall(String metric) {
    return overall.get(metric).getAsDouble();
  }

  private static DocumentFrequency frequency(List<JsonObject> images, String references) {
    DocumentFrequency.Builder builder = new DocumentFrequency.Builder();
    images.forEach(image -> builder.add(referenceNgrams(image, references)));
    return builder.build();
  }

  private static NgramCounts ngrams(JsonObject image, String name) {
    return NgramCounts.of(CaptionWords.atWhiteSpace(image.get(name).getAsString()));
  }

  private static List<NgramCounts> referenceNgrams(JsonObject image, String name) {
    return strings(image, name).stream()
        .map(CaptionWords::atWhiteSpace)
        .map(NgramCounts::of)
        .toList();
  }

  private static List<String> strings(JsonObject image, String name) {
    return image.getAsJsonArray(name).asList().stream().map(JsonElement::getAsString).toList();
  }
}
