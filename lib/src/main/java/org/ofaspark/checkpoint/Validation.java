package org.ofaspark.checkpoint;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.ofaspark.format.BadCheckpointException;

/**
 * What a validation has measured of a checkpoint's weights, in {@code validation.json} beside the
 * manifest, which is written once and stays as it is. The file ends with the SHA-256 of its other
 * fields.
 *
 * @param metrics by name; what has not been measured is not there, or not a number
 */
public record Validation(Map<String, Double> metrics) {

  /** The name of the file. */
  public static final String FILE = "validation.json";

  private static final String METRICS = "metrics";

  /** Copies the map. */
  public Validation {
    metrics = Collections.unmodifiableMap(new TreeMap<>(metrics));
  }

  /** Returns the text of the file. */
  public String toJson() {
    return Manifest.sealed(this);
  }

  /**
   * Reads the text of the file.
   *
   * @param text the text
   * @param file its name, for messages
   * @throws BadCheckpointException if it is not as it was written
   */
  public static Validation parse(String text, String file) throws BadCheckpointException {
    try {
      JsonObject json = JsonParser.parseString(text).getAsJsonObject().getAsJsonObject(METRICS);
      Map<String, Double> metrics = new TreeMap<>();
      for (Map.Entry<String, JsonElement> metric : json.entrySet()) {
        metrics.put(metric.getKey(), metric.getValue().getAsDouble());
      }
      var validation = new Validation(metrics);
      if (validation.toJson().equals(text)) {
        return validation;
      }
    } catch (JsonParseException
        | IllegalStateException
        | ClassCastException
        | NullPointerException
        | NumberFormatException
        | UnsupportedOperationException e) {
      throw new BadCheckpointException(file + ": damaged (expected: what a run wrote)", e);
    }
    throw new BadCheckpointException(
        file + ": does not fit its SHA-256 (expected: what a run wrote)");
  }
}
