package org.ofaspark.jobs.storage;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.util.List;
import java.util.TreeSet;
import org.ofaspark.checkpoint.BadCheckpointException;
import org.ofaspark.checkpoint.WeightFiles;

/** The files of a model's weights in a directory. */
public final class WeightDirectory {

  private WeightDirectory() {}

  /**
   * Tells whether a directory holds weights.
   *
   * @param files access to the file system
   * @param directory any path
   */
  public static boolean is(HadoopFiles files, String directory) throws IOException {
    return files.exists(directory + "/" + WeightFiles.SINGLE)
        || files.exists(directory + "/" + WeightFiles.INDEX);
  }

  /**
   * Lists the weight files of a directory.
   *
   * @param files access to the file system
   * @param directory holds {@code model.safetensors}, or several files and their index
   * @return their names
   * @throws BadCheckpointException if there are none
   */
  public static List<String> files(HadoopFiles files, String directory) throws IOException {
    if (files.exists(directory + "/" + WeightFiles.SINGLE)) {
      return List.of(WeightFiles.SINGLE);
    }
    String index = directory + "/" + WeightFiles.INDEX;
    if (!files.exists(index)) {
      throw new BadCheckpointException(
          "%s: no %s and no %s (expected: a checkpoint's directory)"
              .formatted(directory, WeightFiles.SINGLE, WeightFiles.INDEX));
    }
    try {
      JsonObject map =
          JsonParser.parseString(files.readText(index))
              .getAsJsonObject()
              .getAsJsonObject("weight_map");
      return List.copyOf(
          new TreeSet<>(map.asMap().values().stream().map(JsonElement::getAsString).toList()));
    } catch (JsonParseException
        | IllegalStateException
        | NullPointerException
        | UnsupportedOperationException e) {
      throw new BadCheckpointException(
          index + ": damaged (expected: an index of weights, as Hugging Face writes it)", e);
    }
  }
}
