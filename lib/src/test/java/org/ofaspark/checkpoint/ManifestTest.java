package org.ofaspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.config.Sha256;
import org.ofaspark.format.BadCheckpointException;

class ManifestTest {

  private static final Manifest MANIFEST =
      new Manifest(
          Manifest.VERSION,
          5_000_000_000L,
          3,
          4,
          930_000_000L,
          2,
          256,
          17,
          List.of(
              new FileEntry("model.safetensors", 3_000_000_000L, "ab12"),
              new FileEntry("optimizer-00001-of-00001.safetensors", 7, "cd34")),
          Map.of("loss", 2.5, "cider", 4.0 / 3));

  @Test
  void manifestIsReadBackAsItWasWritten() throws BadCheckpointException {
    assertThat(Manifest.parse(MANIFEST.toJson(), "m")).isEqualTo(MANIFEST);
    Manifest bare = new Manifest(Manifest.VERSION, 0, 1, 1, 1, 0, 1, 0, List.of(), Map.of());
    assertThat(Manifest.parse(bare.toJson(), "m")).isEqualTo(bare);
  }

  /** Written by a program of version 2. */
  private static final String CAMEL_CASE =
      """
      {
        "version": 2,
        "updateNumber": 5000000000,
        "epoch": 3,
        "worldSize": 4,
        "parameters": 930000000,
        "skippedUpdates": 2,
        "lossScale": 256.0,
        "lossScaleUpdates": 17,
        "files": [
          {
            "name": "model.safetensors",
            "bytes": 3000000000,
            "sha256": "ab12"
          }
        ],
        "metrics": {
          "cider": NaN,
          "loss": 2.5
        },
        "sha256": "6391f484d48cd741f82c2f4d4992d9834f535aa48dec723ffe1273ef7b442f70"
      }
      """;

  @Test
  void versionTwoIsReadAndStaysAsItIs() throws BadCheckpointException {
    Manifest manifest = Manifest.parse(CAMEL_CASE, "m");
    assertThat(manifest)
        .isEqualTo(
            new Manifest(
                2,
                5_000_000_000L,
                3,
                4,
                930_000_000L,
                2,
                256,
                17,
                List.of(new FileEntry("model.safetensors", 3_000_000_000L, "ab12")),
                Map.of("cider", Double.NaN, "loss", 2.5)));
    assertThat(manifest.toJson()).isEqualTo(CAMEL_CASE);
    String changed = CAMEL_CASE.replace("\"worldSize\": 4", "\"worldSize\": 2");
    assertThatThrownBy(() -> Manifest.parse(changed, "m"))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessage("m: does not fit its SHA-256 (expected: what a run wrote)");
  }

  @Test
  void keysAreInSnakeCase() {
    assertThat(JsonParser.parseString(MANIFEST.toJson()).getAsJsonObject().keySet())
        .containsExactly(
            "version",
            "update_number",
            "epoch",
            "world_size",
            "parameters",
            "skipped_updates",
            "loss_scale",
            "loss_scale_updates",
            "files",
            "metrics",
            "sha256");
  }

  @Test
  void metricsOfAModelThatDivergedAreKept() throws BadCheckpointException {
    Manifest diverged =
        MANIFEST.with(Map.of("loss", Double.NaN, "perplexity", Double.POSITIVE_INFINITY));
    assertThat(Manifest.parse(diverged.toJson(), "m")).isEqualTo(diverged);
  }

  @Test
  void metricsReplaceThoseBefore() {
    Manifest measured = MANIFEST.with(Map.of("accuracy", 0.5));
    assertThat(measured.metrics()).containsExactly(Map.entry("accuracy", 0.5));
    assertThat(measured.files()).isEqualTo(MANIFEST.files());
    assertThatThrownBy(() -> measured.metrics().put("x", 1.0))
        .isInstanceOf(UnsupportedOperationException.class)
        .hasNoCause();
  }

  @Test
  void sameManifestGivesTheSameText() {
    Manifest other = MANIFEST.with(Map.of("cider", 4.0 / 3, "loss", 2.5));
    assertThat(other.toJson()).isEqualTo(MANIFEST.toJson()).endsWith("}\n");
  }

  @Test
  void anotherVersionIsToldFromDamage() {
    String text = MANIFEST.toJson();
    JsonObject other = JsonParser.parseString(text).getAsJsonObject();
    other.remove("sha256");
    other.addProperty("version", 4);
    other.add("parts", new JsonArray());
    other.addProperty("sha256", Sha256.of(json(other).getBytes(StandardCharsets.UTF_8)));
    assertThatThrownBy(() -> Manifest.parse(json(other), "c/manifest.json"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "c/manifest.json: version 4 (expected: 3); another version of this program wrote it:"
                + " go on with that one, or start a new run from a copy of the weights alone");

    String damaged = text.replace("\"version\": 3", "\"version\": 4");
    assertThat(damaged).isNotEqualTo(text);
    assertThatThrownBy(() -> Manifest.parse(damaged, "c/manifest.json"))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessageContaining("does not fit its SHA-256");
  }

  private static String json(JsonObject object) {
    return new GsonBuilder().setPrettyPrinting().create().toJson(object);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "version",
        "update_number",
        "epoch",
        "world_size",
        "parameters",
        "skipped_updates",
        "loss_scale",
        "loss_scale_updates",
        "files",
        "metrics",
        "name",
        "bytes",
        "sha256"
      })
  void fieldThatIsMissingIsNamed(String field) {
    String text = MANIFEST.toJson().replace("\"%s\"".formatted(field), "\"other\"");
    assertThatThrownBy(() -> Manifest.parse(text, "c/manifest.json"))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessage(
            "c/manifest.json: %s: missing (expected: every field that a run writes)", field);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "7",
        "[]",
        "{",
        "{\"version\":",
        "{\"version\":null}",
        "{\"version\":\"x\"}",
        "{\"version\":{}}",
        "{\"version\":[1,2]}",
        "\u0000\u0001"
      })
  void textThatIsNoManifestIsRefused(String text) {
    assertThatThrownBy(() -> Manifest.parse(text, "c/manifest.json"))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessage("c/manifest.json: damaged (expected: what a run wrote)");
  }

  @Test
  void manifestThatEndsEarlyIsRefused() {
    String text = MANIFEST.toJson().strip();
    for (int length = 0; length < text.length(); length++) {
      String part = text.substring(0, length);
      assertThatThrownBy(() -> Manifest.parse(part, "c/manifest.json"))
          .as(part)
          .isInstanceOf(BadCheckpointException.class)
          .hasMessage("c/manifest.json: damaged (expected: what a run wrote)");
    }
  }

  @Test
  void anyFlippedBitIsFound() {
    byte[] text = MANIFEST.toJson().getBytes(StandardCharsets.UTF_8);
    for (int bit = 0; bit < Byte.SIZE * text.length; bit++) {
      byte[] flipped = text.clone();
      flipped[bit / Byte.SIZE] ^= (byte) (1 << (bit % Byte.SIZE));
      String other = new String(flipped, StandardCharsets.UTF_8);
      assertThatThrownBy(() -> Manifest.parse(other, "c/manifest.json"))
          .as(other)
          .isInstanceOf(BadCheckpointException.class)
          .hasMessageStartingWith("c/manifest.json: ");
    }
  }

  @Test
  void changedNumberDoesNotFitTheFingerprint() {
    String text = MANIFEST.toJson().replace("\"epoch\": 3", "\"epoch\": 4");
    assertThatThrownBy(() -> Manifest.parse(text, "c/manifest.json"))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessage("c/manifest.json: does not fit its SHA-256 (expected: what a run wrote)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"files\": {}", "\"files\": 1", "\"files\": [null]", "\"files\": [[]]"})
  void listOfFilesThatIsNoneIsRefused(String files) {
    String text = MANIFEST.with(Map.of()).toJson().replaceAll("(?s)\"files\": \\[.*]", files);
    assertThatThrownBy(() -> Manifest.parse(text, "c/manifest.json"))
        .isInstanceOf(BadCheckpointException.class)
        .hasMessage("c/manifest.json: damaged (expected: what a run wrote)");
  }
}
