package org.ofaspark.checkpoint;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.ofaspark.config.Sha256;
import org.ofaspark.config.Text;
import org.ofaspark.format.BadCheckpointException;

/**
 * What a checkpoint is, in {@code manifest.json}: a directory without one does not exist. The file
 * ends with the SHA-256 of its other fields, so that no change of it goes unseen. It is written
 * once: what is found out later has files of its own, see {@link Validation}.
 *
 * @param version version of the layout, {@link #VERSION}
 * @param updateNumber updates done
 * @param epoch the epoch of the last update, from 1
 * @param worldSize ranks that wrote it; any number can go on from it
 * @param parameters trainable parameters
 * @param skippedUpdates updates among those done that moved no parameter
 * @param lossScale factor on the losses of the next update; 1 without float16
 * @param lossScaleUpdates updates since it last changed or overflowed
 * @param files every other file of the checkpoint
 * @param metrics validation metrics of these weights by name; empty if there was no validation. In
 *     the file they are empty, save in those of earlier versions
 */
public record Manifest(
    int version,
    long updateNumber,
    int epoch,
    int worldSize,
    long parameters,
    long skippedUpdates,
    double lossScale,
    int lossScaleUpdates,
    List<FileEntry> files,
    Map<String, Double> metrics) {

  /** The name of the file. */
  public static final String FILE = "manifest.json";

  /** The version that this program writes; it reads version 2 too. */
  public static final int VERSION = 3;

  /** The version whose fields have the names of this record's. */
  private static final int CAMEL_CASE = 2;

  private static final String SHA256 = "sha256";

  private static final Gson GSON = gson(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES);
  private static final Gson CAMEL_CASE_GSON = gson(FieldNamingPolicy.IDENTITY);

  /** Copies list and map. */
  public Manifest {
    files = List.copyOf(files);
    metrics = Collections.unmodifiableMap(new TreeMap<>(metrics));
  }

  /** Metrics of a model that has diverged are written as NaN, which {@link #parse} reads. */
  private static Gson gson(FieldNamingPolicy names) {
    return new GsonBuilder()
        .setPrettyPrinting()
        .serializeSpecialFloatingPointValues()
        .setFieldNamingPolicy(names)
        .create();
  }

  /**
   * One file of a checkpoint.
   *
   * @param name its name in the directory
   * @param bytes its size
   * @param sha256 SHA-256 of its bytes, in hexadecimal
   */
  public record FileEntry(String name, long bytes, String sha256) implements Serializable {}

  /**
   * Returns this manifest with metrics.
   *
   * @param measured validation metrics by name
   */
  public Manifest with(Map<String, Double> measured) {
    return new Manifest(
        version,
        updateNumber,
        epoch,
        worldSize,
        parameters,
        skippedUpdates,
        lossScale,
        lossScaleUpdates,
        files,
        measured);
  }

  /** Returns the text of the file. */
  public String toJson() {
    return sealed(version == CAMEL_CASE ? CAMEL_CASE_GSON : GSON, this);
  }

  /** Returns an object as JSON that ends with the SHA-256 of its fields. */
  static String sealed(Object object) {
    return sealed(GSON, object);
  }

  private static String sealed(Gson names, Object object) {
    JsonObject json = names.toJsonTree(object).getAsJsonObject();
    json.addProperty(SHA256, sha256(GSON.toJson(json)));
    return GSON.toJson(json) + "\n";
  }

  private static String sha256(String text) {
    return Sha256.of(text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Reads the text of the file.
   *
   * @param text the text
   * @param file its name, for messages
   * @throws BadCheckpointException if it is no manifest, or not as it was written
   * @throws IllegalArgumentException if it is the manifest of another version
   */
  public static Manifest parse(String text, String file) throws BadCheckpointException {
    Manifest manifest = read(text, file);
    if (!manifest.toJson().equals(text)) {
      throw unsound(file);
    }
    return manifest;
  }

  /** Checks the fingerprint in a manifest of any version. */
  private static void requireSound(JsonObject manifest, String file) throws BadCheckpointException {
    JsonObject rest = manifest.deepCopy();
    JsonElement sha256 = rest.remove(SHA256);
    if (sha256 == null || !sha256.getAsString().equals(sha256(GSON.toJson(rest)))) {
      throw unsound(file);
    }
  }

  private static BadCheckpointException unsound(String file) {
    return new BadCheckpointException(
        Text.format("%s: does not fit its SHA-256 (expected: what a run wrote)", file));
  }

  private static Manifest read(String text, String file) throws BadCheckpointException {
    try {
      JsonObject json = JsonParser.parseString(text).getAsJsonObject();
      int version = field(json, "version", file).getAsInt();
      if (version != VERSION && version != CAMEL_CASE) {
        requireSound(json, file);
        throw new IllegalArgumentException(
            Text.format(
                    "%s: version %d (expected: %d); another version of this program wrote it: go on"
                        + " with",
                    file, version, VERSION)
                + " that one, or start a new run from a copy of the weights alone");
      }
      return new Manifest(
          version,
          field(json, name("update_number", version), file).getAsLong(),
          field(json, "epoch", file).getAsInt(),
          field(json, name("world_size", version), file).getAsInt(),
          field(json, "parameters", file).getAsLong(),
          field(json, name("skipped_updates", version), file).getAsLong(),
          field(json, name("loss_scale", version), file).getAsDouble(),
          field(json, name("loss_scale_updates", version), file).getAsInt(),
          files(field(json, "files", file).getAsJsonArray(), file),
          metrics(field(json, "metrics", file).getAsJsonObject()));
    } catch (JsonParseException
        | IllegalStateException
        | NumberFormatException
        | UnsupportedOperationException e) {
      throw new BadCheckpointException(file + ": damaged (expected: what a run wrote)", e);
    }
  }

  /** Returns the name of a field in files of a version. */
  private static String name(String snakeCase, int version) {
    return version == CAMEL_CASE
        ? Pattern.compile("_(.)")
            .matcher(snakeCase)
            .replaceAll(letter -> letter.group(1).toUpperCase(Locale.ROOT))
        : snakeCase;
  }

  private static JsonElement field(JsonObject json, String name, String file)
      throws BadCheckpointException {
    JsonElement value = json.get(name);
    if (value == null) {
      throw new BadCheckpointException(
          Text.format("%s: %s: missing (expected: every field that a run writes)", file, name));
    }
    return value;
  }

  private static List<FileEntry> files(JsonArray array, String file) throws BadCheckpointException {
    List<FileEntry> files = new ArrayList<>();
    for (JsonElement element : array) {
      JsonObject entry = element.getAsJsonObject();
      files.add(
          new FileEntry(
              field(entry, "name", file).getAsString(),
              field(entry, "bytes", file).getAsLong(),
              field(entry, "sha256", file).getAsString()));
    }
    return files;
  }

  private static Map<String, Double> metrics(JsonObject json) {
    Map<String, Double> metrics = new TreeMap<>();
    json.entrySet()
        .forEach(metric -> metrics.put(metric.getKey(), metric.getValue().getAsDouble()));
    return metrics;
  }
}
