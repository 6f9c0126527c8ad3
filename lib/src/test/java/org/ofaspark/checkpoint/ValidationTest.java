package org.ofaspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.format.BadCheckpointException;

class ValidationTest {

  private static final Validation VALIDATION =
      new Validation(Map.of("loss", 2.5, "cider", Double.NaN));

  @Test
  void whatIsWrittenIsRead() throws BadCheckpointException {
    assertThat(Validation.parse(VALIDATION.toJson(), "validation.json")).isEqualTo(VALIDATION);
    var none = new Validation(Map.of());
    assertThat(Validation.parse(none.toJson(), "validation.json")).isEqualTo(none);
  }

  @Test
  void everyCutAndEveryFlippedBitIsFound() {
    String text = VALIDATION.toJson();
    for (int i = 0; i < text.length(); i++) {
      String cut = text.substring(0, i);
      String flipped = cut + (char) (text.charAt(i) ^ 1) + text.substring(i + 1);
      for (String damaged : new String[] {cut, flipped}) {
        assertThatThrownBy(() -> Validation.parse(damaged, "validation.json"))
            .as(damaged)
            .isInstanceOf(BadCheckpointException.class)
            .hasMessageStartingWith("validation.json: ");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "[]", "7", "null", "{}", "{\"metrics\": []}", "{\"metrics\":{\"a\":{}}}"})
  void whatIsNoValidationIsRefused(String text) {
    assertThatThrownBy(() -> Validation.parse(text, "validation.json"))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessage("validation.json: damaged (expected: what a run wrote)");
  }
}
