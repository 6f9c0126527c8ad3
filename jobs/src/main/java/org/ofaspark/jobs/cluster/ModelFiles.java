package org.ofaspark.jobs.cluster;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.util.SerializableConfiguration;
import org.ofaspark.checkpoint.SafetensorsReader;
import org.ofaspark.checkpoint.WeightLoader;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.WeightDirectory;
import org.ofaspark.nn.StateDict;

/**
 * A model's weights in files that each executor reads by itself: on a file system that all of them
 * see. The same files have the same name in every stage, so an executor reads them once.
 */
public final class ModelFiles implements ModelWeights {

  private static final long serialVersionUID = 1;

  private final String directory;
  private final ArrayList<String> names;
  private final String id;
  private final SerializableConfiguration hadoop;

  private ModelFiles(
      String directory, List<String> names, String id, SerializableConfiguration hadoop) {
    this.directory = directory;
    this.names = new ArrayList<>(names);
    this.id = id;
    this.hadoop = hadoop;
  }

  /**
   * Finds the weights of a directory. Driver only.
   *
   * @param files access to the file system
   * @param directory holds {@code model.safetensors}, or several files and their index
   * @param hadoop how executors access it
   */
  public static ModelFiles of(HadoopFiles files, String directory, SerializableConfiguration hadoop)
      throws IOException {
    String path = files.qualified(directory);
    List<String> names = WeightDirectory.files(files, path);
    StringBuilder id = new StringBuilder(path);
    for (String name : names) {
      Path file = new Path(path, name);
      FileStatus status = files.fileSystem(file).getFileStatus(file);
      id.append(String.format(Locale.ROOT, " %s@%d", name, status.getModificationTime()));
    }
    return new ModelFiles(path, names, id.toString(), hadoop);
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public void load(StateDict state) throws IOException {
    var files = new HadoopFiles(hadoop.value());
    var loader = new WeightLoader(state);
    for (String name : names) {
      try (var reader = new SafetensorsReader(files.open(directory + "/" + name), name)) {
        loader.read(reader);
      }
    }
    loader.finish();
  }
}
