package org.ofaspark.checkpoint;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.ofaspark.config.Text;
import org.ofaspark.format.BadCheckpointException;

/** The index that stands beside a model's several files, as Hugging Face writes it. */
public final class WeightIndex {

  private static final Pattern NAME = Pattern.compile("\\w[\\w.-]*");

  private WeightIndex() {}

  /**
   * Returns the names of the files that an index lists, each once.
   *
   * @param json the text of the index
   * @param file its name, for messages
   * @param extension what the files' names end in
   * @throws BadCheckpointException if it is no index, or one of files elsewhere
   */
  public static List<String> files(String json, String file, String extension)
      throws BadCheckpointException {
    try {
      JsonObject map = JsonParser.parseString(json).getAsJsonObject().getAsJsonObject("weight_map");
      Set<String> names =
          new TreeSet<>(map.asMap().values().stream().map(JsonElement::getAsString).toList());
      if (names.isEmpty()) {
        throw new BadCheckpointException(
            file + ": weight_map: empty (expected: a file for each tensor)");
      }
      for (String name : names) {
        if (!NAME.matcher(name).matches() || !name.endsWith("." + extension)) {
          throw new BadCheckpointException(
              Text.format(
                  "%s: file %s (expected: names of %s files beside it)", file, name, extension));
        }
      }
      return List.copyOf(names);
    } catch (JsonParseException
        | IllegalStateException
        | ClassCastException
        | NullPointerException
        | UnsupportedOperationException e) {
      throw new BadCheckpointException(
          file + ": damaged (expected: an index of weights, as Hugging Face writes it)", e);
    }
  }
}
