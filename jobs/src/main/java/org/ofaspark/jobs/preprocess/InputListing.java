package org.ofaspark.jobs.preprocess;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.compress.CompressionCodecFactory;
import org.ofaspark.jobs.storage.HadoopFiles;

/**
 * Finds the files that a recipe names: files, directories with all below them, and patterns such as
 * {@code part-*.tsv}. In directories and patterns, names that begin with a dot or an underscore are
 * left out, as Spark does.
 */
final class InputListing {

  private final HadoopFiles files;
  private final String key;
  private final Map<String, InputFile> found = new LinkedHashMap<>();

  private InputListing(HadoopFiles files, String key) {
    this.files = files;
    this.key = key;
  }

  /**
   * Lists the files of a split.
   *
   * @param files access to the file systems
   * @param split the split
   * @param paths what the recipe names
   * @return the files in the order of {@code paths}, then in that of their paths
   * @throws IllegalArgumentException if a path leads to no file or to one that cannot be opened, a
   *     file comes twice or all are empty
   */
  static SplitFiles list(HadoopFiles files, String split, List<String> paths) {
    InputListing listing = new InputListing(files, SplitFiles.key(split));
    for (String path : paths) {
      try {
        listing.addAllOf(path);
      } catch (IOException e) {
        throw new IllegalArgumentException(
            "%s: %s (expected: files that can be read); %s".formatted(listing.key, path, e), e);
      }
    }
    SplitFiles found = new SplitFiles(split, List.copyOf(listing.found.values()));
    if (found.bytes() == 0) {
      throw new IllegalArgumentException(
          "%s: 0 bytes in %d files (expected: at least a row)"
              .formatted(listing.key, found.files().size()));
    }
    return found;
  }

  private void addAllOf(String name) throws IOException {
    Path path = new Path(name);
    FileSystem fileSystem = files.fileSystem(path);
    int before = found.size();
    if (fileSystem.exists(path)) {
      add(fileSystem, fileSystem.getFileStatus(path));
    } else {
      for (FileStatus match : matches(fileSystem, path)) {
        add(fileSystem, match);
      }
    }
    if (found.size() == before) {
      throw new IllegalArgumentException(
          "%s: %s (expected: a file, a directory with files, or a pattern of some)"
              .formatted(key, name));
    }
  }

  private static List<FileStatus> matches(FileSystem fileSystem, Path pattern) throws IOException {
    FileStatus[] matches = fileSystem.globStatus(pattern);
    return matches == null ? List.of() : visible(matches);
  }

  private void add(FileSystem fileSystem, FileStatus status) throws IOException {
    if (status.isDirectory()) {
      for (FileStatus child : visible(fileSystem.listStatus(status.getPath()))) {
        add(fileSystem, child);
      }
      return;
    }
    fileSystem.open(status.getPath()).close(); // better refused here than by tasks
    String path = status.getPath().toString();
    boolean compressed =
        new CompressionCodecFactory(fileSystem.getConf()).getCodec(status.getPath()) != null;
    long modified = status.getModificationTime();
    if (found.put(path, new InputFile(path, status.getLen(), modified, compressed)) != null) {
      throw new IllegalArgumentException(
          "%s: %s twice (expected: each file once)".formatted(key, path));
    }
  }

  private static List<FileStatus> visible(FileStatus[] statuses) {
    List<FileStatus> visible = new ArrayList<>();
    Arrays.sort(statuses); // by path
    for (FileStatus status : statuses) {
      String name = status.getPath().getName();
      if (!name.startsWith(".") && !name.startsWith("_")) {
        visible.add(status);
      }
    }
    return visible;
  }
}
