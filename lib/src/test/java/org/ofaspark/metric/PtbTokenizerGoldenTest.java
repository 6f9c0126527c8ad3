package org.ofaspark.metric;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.ofaspark.golden.Golden;

/** Tokens of Stanford CoreNLP's PTBTokenizer 3.4.1. */
class PtbTokenizerGoldenTest {

  private static final System.Logger LOG = System.getLogger(PtbTokenizerGoldenTest.class.getName());

  private static final String SENTENCES = "caption-metrics/ptb_tokenizer_golden.json";
  private static final String CAPTIONS = "caption-metrics/coco_captions_tok.json";
  private static final String IMAGES = "caption-metrics/caption_metrics_golden.json";

  /** The share of captions that may differ; the rules were written without the reference's code. */
  private static final double CAPTION_SHARE = 0.0005;

  /** The share of sentences, made to be tricky, that may differ. */
  private static final double SENTENCE_SHARE = 0.05;

  @Test
  void tokensOfTrickySentencesEqualTheReference() {
    Golden.assumeHas(SENTENCES);
    Comparison tokens = new Comparison();
    Comparison normalized = new Comparison();
    for (JsonElement element : Golden.json(SENTENCES).getAsJsonArray()) {
      JsonObject sentence = element.getAsJsonObject();
      String raw = sentence.get("raw").getAsString();
      tokens.add(raw, sentence.get("ptb"), String.join(" ", PtbTokenizer.tokens(raw)));
      normalized.add(raw, sentence.get("tok"), PtbTokenizer.normalize(raw));
    }

    tokens.assertShareAtMost(SENTENCE_SHARE);
    normalized.assertShareAtMost(SENTENCE_SHARE);
  }

  @Test
  void captionsNormalizeAsTheReferenceDoes() {
    Golden.assumeHas(CAPTIONS);
    Comparison captions = new Comparison();
    for (JsonElement element : Golden.json(CAPTIONS).getAsJsonArray()) {
      String raw = element.getAsJsonObject().get("raw").getAsString();
      captions.add(raw, element.getAsJsonObject().get("tok"), PtbTokenizer.normalize(raw));
    }

    captions.assertShareAtMost(CAPTION_SHARE);
  }

  @Test
  void candidatesAndReferencesNormalizeAsTheReferenceDoes() {
    Golden.assumeHas(IMAGES);
    Comparison captions = new Comparison();
    for (JsonElement element : Golden.object(IMAGES).getAsJsonArray("images")) {
      JsonObject image = element.getAsJsonObject();
      String candidate = image.get("candidate").getAsString();
      captions.add(candidate, image.get("candidate_ptb"), PtbTokenizer.normalize(candidate));
      for (int i = 0; i < image.getAsJsonArray("references").size(); i++) {
        String reference = image.getAsJsonArray("references").get(i).getAsString();
        captions.add(
            reference,
            image.getAsJsonArray("references_ptb").get(i),
            PtbTokenizer.normalize(reference));
      }
    }

    captions.assertShareAtMost(CAPTION_SHARE);
  }

  /** What was expected and what came out, where they differ. */
  private static final class Comparison {
    private final List<String> differences = new ArrayList<>();
    private int texts;

    void add(String raw, JsonElement expected, String actual) {
      texts++;
      if (!expected.getAsString().equals(actual)) {
        differences.add(
            "%n  text     %s%n  expected %s%n  actual   %s"
                .formatted(raw, expected.getAsString(), actual));
      }
    }

    void assertShareAtMost(double share) {
      assertThat(texts).isPositive();
      LOG.log(
          System.Logger.Level.INFO,
          () ->
              "%d of %d texts differ from the reference: %s"
                  .formatted(differences.size(), texts, differences));
      assertThat(differences.size())
          .as("of %s texts these differ: %s", texts, differences)
          .isLessThanOrEqualTo((int) (share * texts));
    }
  }
}
