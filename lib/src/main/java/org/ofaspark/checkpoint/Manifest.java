package org.ofaspark.checkpoint;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * What a checkpoint is, in {@code manifest.json}: a directory without one does not exist.
 *
 * @param version version of the layout, {@link #VERSION}
 * @param updateNumber updates done
 * @param epoch the epoch of the next update, from 1
 * @param worldSize ranks that wrote it; any number can go on from it
 * @param parameters trainable parameters
 * @param skippedUpdates updates among those done that moved no parameter
 * @param files every other file of the checkpoint
 * @param metrics validation metrics of these weights by name; empty if there was no validation
 */
public record Manifest(
    int version,
    long updateNumber,
    int epoch,
    int worldSize,
    long parameters,
    long skippedUpdates,
    List<FileEntry> files,
    Map<String, Double> metrics) {

  /** The name of the file. */
  public static final String FILE = "manifest.json";

  /** The version that this program writes and reads. */
  public static final int VERSION = 1;

  private static final Gson GSON = new GsonBuilder().setPrettyPrinting().create();

  /** Copies list and map. */
  public Manifest {
    files = List.copyOf(files);
    metrics = new TreeMap<>(metrics);
  }

  /**
   * One file of a checkpoint.
   *
   * @param name its name in the directory
   * @param bytes its size
   * @param sha256 SHA-256 of its bytes, in hexadecimal
   */
  public record FileEntry(String name, long bytes, String sha256) {}

  /**
   * Returns this manifest with metrics.
   *
   * @param measured validation metrics by name
   */
  public Manifest with(Map<String, Double> measured) {
    return new Manifest(
        version, updateNumber, epoch, worldSize, parameters, skippedUpdates, files, measured);
  }

  /** Returns the text of the file. */
  public String toJson() {
    return GSON.toJson(this) + "\n";
  }

  /**
   * Reads the text of the file.
   *
   * @param json the text
   * @param file its name, for messages
   * @throws BadCheckpointException if it is no manifest of this version
   */
  public static Manifest parse(String json, String file) throws BadCheckpointException {
    Manifest manifest;
    try {
      manifest = Objects.requireNonNull(GSON.fromJson(json, Manifest.class));
    } catch (JsonParseException | NullPointerException e) {
      throw new BadCheckpointException(file + ": not a manifest (expected: what a run wrote)", e);
    }
    if (manifest.version() != VERSION) {
      throw new BadCheckpointException(
          "%s: version %d (expected: %d)".formatted(file, manifest.version(), VERSION));
    }
    return manifest;
  }
}
