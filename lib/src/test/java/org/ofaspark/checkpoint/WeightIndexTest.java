package org.ofaspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.format.BadCheckpointException;

class WeightIndexTest {

  @Test
  void filesAreListedOnce() throws BadCheckpointException {
    assertThat(
            WeightIndex.files(
                "{\"weight_map\": {\"a\": \"x.safetensors\", \"b\": \"x.safetensors\"}}",
                "index",
                "safetensors"))
        .containsExactly("x.safetensors");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "{", "[]", "{}", "{\"weight_map\": []}", "{\"weight_map\": {\"a\": {}}}"})
  void whatIsNoIndexIsRefused(String text) {
    assertThatThrownBy(() -> WeightIndex.files(text, "index", "safetensors"))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessage("index: damaged (expected: an index of weights, as Hugging Face writes it)");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"../x.safetensors", "/x.safetensors", ".safetensors", "a/b.safetensors", "x.bin"})
  void filesElsewhereAndOfOtherKindsAreRefused(String name) {
    String text = "{\"weight_map\": {\"a\": \"%s\"}}".formatted(name);
    assertThatThrownBy(() -> WeightIndex.files(text, "index", "safetensors"))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessage(
            "index: file %s (expected: names of safetensors files beside it)".formatted(name));
  }

  @Test
  void indexWithoutFilesIsRefused() {
    assertThatThrownBy(() -> WeightIndex.files("{\"weight_map\": {}}", "index", "safetensors"))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessage("index: weight_map: empty (expected: a file for each tensor)");
  }
}
