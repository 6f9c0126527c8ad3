package org.ofaspark.jobs.storage;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.Path;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.checkpoint.WeightCheck;
import org.ofaspark.checkpoint.WeightFiles;
import org.ofaspark.checkpoint.WeightIndex;
import org.ofaspark.config.Text;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.format.SafetensorsReader;
import org.ofaspark.format.TensorEntry;
import org.ofaspark.model.OfaModel;
import org.ofaspark.nn.TensorSpec;

/** The files of a model's weights in a directory. */
public final class WeightDirectory {

  private static final String IMAGE_POSITIONS = "encoder.embed_image_positions.weight";

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
   * Returns the directory of the weights that a user means: the one named, or the best checkpoint
   * of the run named.
   *
   * @param files access to the file system
   * @param key what names them: a recipe key or an option
   * @param path a run's directory, or one of weights
   * @return its path, with scheme
   * @throws IllegalArgumentException if the path is neither
   */
  public static String resolve(HadoopFiles files, String key, String path) throws IOException {
    String directory = files.reachable(key, path);
    requireDirectory(files, key, directory);
    return is(files, directory)
        ? directory
        : new RunDirectory(files, directory).bestCheckpoint(key);
  }

  /**
   * Returns what is known of the files of a directory of weights.
   *
   * @param files access to the file system
   * @param directory any path
   * @return what a checkpoint's manifest lists, for its own directory or that of its average;
   *     nothing for other directories
   */
  public static List<FileEntry> manifest(HadoopFiles files, String directory) throws IOException {
    String manifest = directory + "/" + Manifest.FILE;
    if (files.exists(manifest)) {
      return Manifest.parse(files.readText(manifest), manifest).files();
    }
    Path path = new Path(directory);
    if (!path.getName().equals(RunDirectory.EMA) || path.getParent() == null) {
      return List.of();
    }
    String prefix = RunDirectory.EMA + "/";
    return manifest(files, path.getParent().toString()).stream()
        .filter(entry -> entry.name().startsWith(prefix))
        .map(
            entry ->
                new FileEntry(
                    entry.name().substring(prefix.length()), entry.bytes(), entry.sha256()))
        .toList();
  }

  /**
   * Returns what a manifest says of a weight file.
   *
   * @param manifest what {@link #manifest} gave
   * @param directory where the file is, for messages
   * @param name of the file
   * @return nothing if the manifest is empty
   * @throws BadCheckpointException if there is a manifest and it does not list the file
   */
  public static Optional<FileEntry> entry(List<FileEntry> manifest, String directory, String name)
      throws BadCheckpointException {
    Optional<FileEntry> found =
        manifest.stream().filter(entry -> entry.name().equals(name)).findFirst();
    if (found.isEmpty() && !manifest.isEmpty()) {
      throw new BadCheckpointException(
          directory + "/" + name + ": not in the manifest (expected: what a run wrote)");
    }
    return found;
  }

  /**
   * Reads the weights of a checkpoint and compares them with its manifest.
   *
   * @param files access to the file system
   * @param directory of weights; other ones than a checkpoint's are not read
   * @throws BadCheckpointException if a file is not as it was written
   */
  public static void verify(HadoopFiles files, String directory) throws IOException {
    List<String> names = files(files, directory);
    for (FileEntry entry : manifest(files, directory)) {
      if (names.contains(entry.name())) {
        HashedFile.verify(files, directory, entry);
      }
    }
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
          Text.format(
              "%s: no %s and no %s (expected: a checkpoint's directory)",
              directory, WeightFiles.SINGLE, WeightFiles.INDEX));
    }
    return indexed(files, index, "safetensors");
  }

  /**
   * Lists the files of an index as Hugging Face writes it.
   *
   * @param files access to the file system
   * @param index the index
   * @param extension what the files' names end in
   * @return their names
   * @throws BadCheckpointException if it is no index, or names files elsewhere
   */
  public static List<String> indexed(HadoopFiles files, String index, String extension)
      throws IOException {
    return WeightIndex.files(files.readText(index), index, extension);
  }

  /**
   * Checks that a directory holds the weights of a model, by the headers of its files.
   *
   * @param files access to the file system
   * @param key the recipe key that names the directory
   * @param directory any path
   * @param specs every tensor of the model that the recipe describes
   * @throws IllegalArgumentException if it is no directory of weights, or one of a model with
   *     another vocabulary or another number of patches
   * @throws BadCheckpointException naming every tensor that is missing, unexpected or of another
   *     shape or type
   */
  public static void requireFits(
      HadoopFiles files, String key, String directory, List<TensorSpec> specs) throws IOException {
    requireDirectory(files, key, directory);
    var check = new WeightCheck(specs);
    for (String name : files(files, directory)) {
      try (var reader = new SafetensorsReader(files.open(directory + "/" + name), name)) {
        for (TensorEntry tensor : reader.tensors()) {
          requireRows(key, directory, tensor, specs);
          check.accept(tensor, name);
        }
      }
    }
    try {
      check.finish();
    } catch (BadCheckpointException e) {
      throw new BadCheckpointException(
          Text.format("%s: %s: %s", key, directory, e.getMessage()), e);
    }
  }

  /**
   * Checks that a recipe's value is a directory, not a checkpoint of another program.
   *
   * @param files access to the file system
   * @param key the recipe key that has the value
   * @param path the value
   * @throws IllegalArgumentException if it is a file, or nothing
   */
  public static void requireDirectory(HadoopFiles files, String key, String path)
      throws IOException {
    requireThere(files, key, path);
    if (files.isFile(path)) {
      throw new IllegalArgumentException(
          Text.format(
                  "%s: %s: a file (expected: a directory of weights); to use an upstream"
                      + " checkpoint, first run",
                  key, files.shown(path))
              + " submit/import FILE DIRECTORY and name the directory");
    }
  }

  /**
   * Checks that there is something at a path.
   *
   * @param files access to the file system
   * @param key the recipe key that has the path
   * @param path the path
   * @throws IllegalArgumentException if there is nothing
   */
  public static void requireThere(HadoopFiles files, String key, String path) throws IOException {
    if (!files.exists(path)) {
      throw new IllegalArgumentException(
          Text.format(
              "%s: %s: not there (expected: a directory of weights)%s",
              key, files.shown(path), PathHint.of(path)));
    }
  }

  /** Checks the tables whose number of rows a user may have to choose anew. */
  private static void requireRows(
      String key, String directory, TensorEntry tensor, List<TensorSpec> specs) {
    for (TensorSpec spec : specs) {
      if (!spec.name().equals(tensor.name())
          || tensor.shape().size() != 2
          || tensor.shape().get(0) == spec.shape().get(0)) {
        continue;
      }
      long stored = tensor.shape().get(0);
      long needed = spec.shape().get(0);
      if (spec.name().equals(OfaModel.EMBEDDING)) {
        throw new IllegalArgumentException(
            Text.format(
                    "%s: %s: vocabulary of %d symbols (expected: %d, as the table has);",
                    key, directory, stored, needed)
                + (stored < needed
                    ? " run submit/import on it with --vocabulary-size " + needed + ", or"
                    : "")
                + " run submit/preprocess with the dict.txt of these weights");
      }
      if (spec.name().equals(IMAGE_POSITIONS)) {
        throw new IllegalArgumentException(
            Text.format(
                    "%s: %s: positions of %d patches (expected: %d, the square of",
                    key, directory, stored - 1, needed - 1)
                + " model.image-bucket-size); run submit/import on it with --image-bucket-size "
                + Math.round(Math.sqrt(needed - 1.0)));
      }
    }
  }
}
