package org.ofaspark.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.ofaspark.golden.Golden;

class CaptionTextGoldenTest {

  static Stream<JsonObject> captions() {
    return objects(Golden.json("text/pre_caption.json"));
  }

  static Stream<JsonObject> questions() {
    return objects(Golden.json("text/pre_question.json"));
  }

  static Stream<JsonObject> regionPrompts() {
    return objects(Golden.object("text/prompts.json").get("refcoco"));
  }

  private static Stream<JsonObject> objects(JsonElement array) {
    return array.getAsJsonArray().asList().stream().map(JsonElement::getAsJsonObject);
  }

  @ParameterizedTest
  @MethodSource("captions")
  void preCaptionIsUpstreams(JsonObject golden) {
    assertCleans(golden, CaptionText::preCaption, CaptionText::preCaption);
  }

  @ParameterizedTest
  @MethodSource("questions")
  void preQuestionIsUpstreams(JsonObject golden) {
    assertCleans(golden, CaptionText::preQuestion, CaptionText::preQuestion);
  }

  private static void assertCleans(
      JsonObject golden,
      UnaryOperator<String> all,
      BiFunction<String, Integer, String> firstWords) {
    String text = golden.get("text").getAsString();
    JsonElement maxWords = golden.get("max_words");
    String cleaned =
        maxWords.isJsonNull() ? all.apply(text) : firstWords.apply(text, maxWords.getAsInt());
    assertThat(cleaned).isEqualTo(golden.get("out").getAsString());
  }

  @ParameterizedTest
  @MethodSource("regionPrompts")
  void regionPromptIsUpstreams(JsonObject golden) {
    int maxWords = Golden.object("dataset/batches.json").get("max_src_length").getAsInt();
    String expression = CaptionText.preCaption(golden.get("text").getAsString(), maxWords);
    assertThat(CaptionText.regionPrompt(expression))
        .isEqualTo(golden.get("prompted").getAsString());
  }

  @Test
  void captionPromptIsUpstreams() {
    assertThat(CaptionText.CAPTION_PROMPT)
        .isEqualTo(Golden.object("text/prompts.json").get("caption_prompt").getAsString());
  }

  @Test
  void cleanedTablesAreUpstreamsTargets() {
    JsonObject golden = Golden.object("dataset/batches.json");
    int maxWords = golden.get("max_tgt_length").getAsInt();
    assertTexts(
        "caption.train",
        "target_text",
        caption -> " " + CaptionText.trainingCaption(caption, maxWords));
    assertTexts(
        "caption.valid", "target_text", caption -> " " + CaptionText.validationCaption(caption));
  }

  @Test
  void promptsOfTablesAreUpstreamsSources() {
    int maxWords = Golden.object("dataset/batches.json").get("max_src_length").getAsInt();
    assertTexts("caption.train", "source_text", caption -> CaptionText.CAPTION_PROMPT);
    assertTexts(
        "refcoco.train",
        "source_text",
        text -> CaptionText.regionPrompt(CaptionText.preCaption(text, maxWords)));
  }

  /** Compares what a function makes of the third column with the batches of a split. */
  private static void assertTexts(String split, String key, Function<String, String> function) {
    JsonObject batches = Golden.object("dataset/batches.json").getAsJsonObject("batches");
    List<String> expected = new ArrayList<>();
    for (int batch = 0; batches.has(split + "." + batch); batch++) {
      batches
          .getAsJsonObject(split + "." + batch)
          .getAsJsonArray(key)
          .forEach(text -> expected.add(text.getAsString()));
    }
    String table = "dataset/" + split.substring(0, split.indexOf('.')) + ".tsv";
    List<String> actual =
        new String(Golden.bytes(table), StandardCharsets.UTF_8)
            .lines()
            .map(line -> function.apply(line.split("\t", -1)[2]))
            .toList();
    assertThat(actual).isNotEmpty().containsExactlyElementsOf(expected);
  }
}
