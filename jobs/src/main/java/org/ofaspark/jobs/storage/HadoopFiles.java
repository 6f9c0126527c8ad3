package org.ofaspark.jobs.storage;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.ofaspark.config.Text;
import org.ofaspark.format.ByteSource;
import org.ofaspark.jobs.storage.FileSystemFailure.BadPathException;

/**
 * Reads and writes files on the file system that a path names: HDFS, a local disk, an object store.
 *
 * <p>Thread-safe. On executors, make it of a {@code SerializableConfiguration}'s value.
 */
public final class HadoopFiles {

  private final Configuration configuration;

  /**
   * Creates an access.
   *
   * @param configuration which file systems there are and how to reach them
   */
  public HadoopFiles(Configuration configuration) {
    this.configuration = configuration;
  }

  /**
   * Returns a path with scheme and authority, so that it means the same in every process.
   *
   * @param path any path
   */
  public String qualified(String path) throws IOException {
    Path raw = new Path(path);
    return fileSystem(raw).makeQualified(raw).toString();
  }

  /**
   * Returns a path with scheme and authority once its file system has answered.
   *
   * @param key the setting that names it, for messages
   * @param path any path
   * @throws IllegalArgumentException if there is no such file system, or it does not answer
   */
  public String reachable(String key, String path) throws IOException {
    try {
      String qualified = qualified(path);
      boolean unused = exists(qualified);
      return qualified;
    } catch (IOException | RuntimeException e) {
      Optional<String> reason = FileSystemFailure.sentence(e);
      if (reason.isEmpty()) {
        throw e;
      }
      throw new BadPathException(Text.format("%s: %s: %s", key, path, reason.get()), e);
    }
  }

  /**
   * Returns a path as messages show it: as it is given, and if it is relative also where it leads.
   *
   * @param path any path
   */
  public String shown(String path) throws IOException {
    Path raw = new Path(path);
    return raw.isAbsolute() || raw.toUri().getScheme() != null
        ? path
        : Text.format("%s, which is %s", path, qualified(path));
  }

  /**
   * Tells whether a file or directory exists.
   *
   * @param path any path
   */
  public boolean exists(String path) throws IOException {
    return fileSystem(new Path(path)).exists(new Path(path));
  }

  /**
   * Tells whether there is a file, not a directory.
   *
   * @param path any path
   */
  public boolean isFile(String path) throws IOException {
    try {
      return fileSystem(new Path(path)).getFileStatus(new Path(path)).isFile();
    } catch (FileNotFoundException e) {
      return false;
    }
  }

  /**
   * Checks that files can be written below a directory, by writing one and deleting it.
   *
   * @param key the setting that names it, for messages
   * @param directory made if it is not there
   * @throws IllegalArgumentException if not
   */
  public void requireWritable(String key, String directory) {
    try {
      tryWriting(directory);
    } catch (IOException e) {
      String reason =
          FileSystemFailure.sentence(e)
              .orElseGet(() -> Text.format("%s (expected: a directory that can)", e.getMessage()));
      throw new BadPathException(
          Text.format("%s: %s cannot be written to, %s", key, directory, reason), e);
    }
  }

  private void tryWriting(String directory) throws IOException {
    tryWriting(fileSystem(new Path(directory)), directory);
  }

  /**
   * Tries whether files can be written below a directory now, without the retries of Hadoop's
   * clients.
   *
   * @param directory with its scheme; made if it is not there
   * @throws IOException if not
   */
  public void probe(String directory) throws IOException {
    var impatient = new Configuration(configuration);
    impatient.setInt("ipc.client.connect.max.retries", 1);
    impatient.setInt("ipc.client.connect.max.retries.on.timeouts", 0);
    impatient.setInt("ipc.client.connect.timeout", 5_000);
    impatient.setInt("dfs.client.failover.max.attempts", 2);
    try (FileSystem own = FileSystem.newInstance(new Path(directory).toUri(), impatient)) {
      tryWriting(own, directory);
    }
  }

  private static void tryWriting(FileSystem fileSystem, String directory) throws IOException {
    Path probe = new Path(directory, ".probe-" + UUID.randomUUID());
    OutputStream file = fileSystem.create(probe, false);
    try (OutputStream out = new OutputFile(file)) {
      out.write(1); // a quota does not mind an empty file
    } finally {
      fileSystem.delete(probe, false);
    }
  }

  /**
   * Returns the length of a file in bytes.
   *
   * @param path a file
   */
  public long length(String path) throws IOException {
    return fileSystem(new Path(path)).getFileStatus(new Path(path)).getLen();
  }

  /**
   * Opens a file.
   *
   * @param path a file
   * @return its bytes, which the caller closes
   */
  public InputStream open(String path) throws IOException {
    return fileSystem(new Path(path)).open(new Path(path));
  }

  /**
   * Opens a file to be read from any offset.
   *
   * @param path a file
   */
  public ByteSource source(String path) throws IOException {
    return new HadoopByteSource(fileSystem(new Path(path)), new Path(path));
  }

  /**
   * Reads a text file.
   *
   * @param path a file in UTF-8
   * @throws ChecksumException if it is not what the file system has check sums of
   */
  public String readText(String path) throws IOException {
    try (InputStream in = open(path)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (ChecksumException e) {
      var explained =
          new ChecksumException(
              Text.format(
                      "%s: does not fit the check sums in .%s.crc beside it (expected: what was"
                          + " written);",
                      path, new Path(path).getName())
                  + " if somebody has changed it on purpose, delete that file",
              e.getPos());
      explained.initCause(e);
      throw explained;
    }
  }

  /** Writes the content of a file. */
  @FunctionalInterface
  public interface Content {

    /**
     * Writes it.
     *
     * @param out the file; stays open
     * @throws IOException if writing fails
     */
    void write(OutputStream out) throws IOException;
  }

  /**
   * Starts a file that gets its name when all of it is written.
   *
   * @param path the file; its directories are made
   * @return a file that the caller commits and closes
   */
  public PendingFile create(String path) throws IOException {
    Path target = new Path(path);
    return PendingFile.create(fileSystem(target), target);
  }

  /**
   * Writes a file whole: until all of it is written, its name does not exist, or is still the old
   * file.
   *
   * @param path the file; its directories are made
   * @param content what to write
   */
  public void write(String path, Content content) throws IOException {
    try (PendingFile file = create(path)) {
      content.write(file.out());
      file.commit();
    }
  }

  /**
   * Writes a text file whole, see {@link #write}.
   *
   * @param path the file
   * @param text what to write, in UTF-8
   */
  public void writeText(String path, String text) throws IOException {
    write(path, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
  }

  /**
   * Lists the names in a directory, sorted; none if there is no such directory.
   *
   * @param path a directory
   */
  public List<String> list(String path) throws IOException {
    List<String> names = new ArrayList<>();
    try {
      for (FileStatus status : fileSystem(new Path(path)).listStatus(new Path(path))) {
        names.add(status.getPath().getName());
      }
    } catch (FileNotFoundException e) {
      return List.of();
    }
    names.sort(null);
    return names;
  }

  /**
   * Gives a file or directory another name on its file system.
   *
   * @param from what is there
   * @param to what is not
   */
  public void rename(String from, String to) throws IOException {
    Path target = new Path(to);
    FileSystem fileSystem = fileSystem(target);
    fileSystem.mkdirs(target.getParent());
    if (fileSystem.exists(target) || !fileSystem.rename(new Path(from), target)) {
      throw new IOException(Text.format("%s: cannot rename %s to it", to, from));
    }
  }

  /**
   * Deletes a file, or a directory and all in it, if it is there.
   *
   * @param path what to delete
   */
  public void delete(String path) throws IOException {
    fileSystem(new Path(path)).delete(new Path(path), true);
  }

  /**
   * Returns the file system of a path.
   *
   * @param path any path
   * @return a file system that all of the process share; do not close it
   * @throws IllegalArgumentException if nothing is known about the path's scheme
   */
  public FileSystem fileSystem(Path path) throws IOException {
    try {
      return path.getFileSystem(configuration);
    } catch (UnsupportedFileSystemException e) {
      throw new BadPathException(
          Text.format(
              "%s: %s (expected: a path of a file system that Spark knows)", path, e.getMessage()),
          e);
    }
  }
}
