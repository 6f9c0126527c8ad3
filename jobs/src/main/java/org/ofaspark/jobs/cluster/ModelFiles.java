package org.ofaspark.jobs.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.util.SerializableConfiguration;
import org.ofaspark.checkpoint.Manifest.FileEntry;
import org.ofaspark.checkpoint.WeightLoader;
import org.ofaspark.config.Text;
import org.ofaspark.format.SafetensorsReader;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.HashedFile;
import org.ofaspark.jobs.storage.WeightDirectory;
import org.ofaspark.nn.StateDict;

/**
 * A model's weights in files that each executor reads by itself: on a file system that all of them
 * see. The same files have the same name in every stage, so an executor reads them once. Those of a
 * checkpoint are compared with its manifest while they are read.
 */
public final class ModelFiles implements ModelWeights {

  private static final long serialVersionUID = 1;

  private final String directory;
  private final ArrayList<String> names;
  private final ArrayList<FileEntry> manifest;
  private final String id;
  private final SerializableConfiguration hadoop;

  private ModelFiles(
      String directory,
      List<String> names,
      List<FileEntry> manifest,
      String id,
      SerializableConfiguration hadoop) {
    this.directory = directory;
    this.names = new ArrayList<>(names);
    this.manifest = new ArrayList<>(manifest);
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
      id.append(Text.format(" %s@%d", name, status.getModificationTime()));
    }
    return new ModelFiles(
        path, names, WeightDirectory.manifest(files, path), id.toString(), hadoop);
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
      try (var reader = new SafetensorsReader(open(files, name), name)) {
        loader.read(reader);
      }
    }
    loader.finish();
  }

  private InputStream open(HadoopFiles files, String name) throws IOException {
    String path = directory + "/" + name;
    Optional<FileEntry> written = WeightDirectory.entry(manifest, directory, name);
    return written.isPresent() ? HashedFile.open(files, path, written.get()) : files.open(path);
  }
}
