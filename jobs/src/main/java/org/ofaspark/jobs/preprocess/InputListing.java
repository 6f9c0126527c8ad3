package org.ofaspark.jobs.preprocess;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.CompressionCodecFactory;
import org.apache.hadoop.io.compress.Lz4Codec;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.PathHint;

/**
 * Finds the files that a recipe names: files, directories with all below them, and patterns such as
 * {@code part-*.tsv}. In directories and patterns, names that begin with a dot or an underscore are
 * left out, as Spark does.
 */
final class InputListing {

  /** How the frames of the lz4 tool begin, which Lz4Codec would take for a size of 69 MB. */
  private static final byte[] LZ4_FRAME = {0x04, 0x22, 0x4D, 0x18};

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
            Text.format("%s: %s (expected: files that can be read); %s", listing.key, path, e), e);
      }
    }
    SplitFiles found = new SplitFiles(split, List.copyOf(listing.found.values()));
    if (found.bytes() == 0) {
      throw new IllegalArgumentException(
          Text.format(
              "%s: 0 bytes in %d files (expected: at least a row)",
              listing.key, found.files().size()));
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
          Text.format(
              "%s: %s (expected: a file, a directory with files, or a pattern of some)%s",
              key, files.shown(name), PathHint.of(name)));
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
    String path = status.getPath().toString();
    CompressionCodec codec =
        new CompressionCodecFactory(fileSystem.getConf()).getCodec(status.getPath());
    try (FSDataInputStream stored = fileSystem.open(status.getPath())) {
      requireReadable(path, stored, codec); // better refused here than by tasks
    }
    boolean compressed = codec != null;
    long modified = status.getModificationTime();
    if (found.put(path, new InputFile(path, status.getLen(), modified, compressed)) != null) {
      throw new IllegalArgumentException(
          Text.format("%s: %s twice (expected: each file once)", key, path));
    }
  }

  /** Tries to unpack a byte of a compressed file; codecs that need a native library fail here. */
  private void requireReadable(
      String path, FSDataInputStream stored, @Nullable CompressionCodec codec) throws IOException {
    if (codec == null) {
      return;
    }
    byte[] start = stored.readNBytes(LZ4_FRAME.length);
    if (codec instanceof Lz4Codec && Arrays.equals(start, LZ4_FRAME)) {
      throw new IllegalArgumentException(
          Text.format(
                  "%s: %s is a file of the lz4 tool (expected: blocks as Hadoop's Lz4Codec writes"
                      + " them)",
                  key, path)
              + "; unpack it, or pack it with gzip");
    }
    stored.seek(0);
    try (InputStream unpacked = codec.createInputStream(stored)) {
      int unused = unpacked.read();
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      if (start.length > 0) {
        throw new IllegalArgumentException(
            Text.format(
                "%s: %s cannot be unpacked by %s, %s (expected: what the end of its name says)",
                key, path, codec.getClass().getSimpleName(), e.getMessage()),
            e);
      }
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
