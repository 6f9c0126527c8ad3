package org.ofaspark.jobs;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.ofaspark.config.RecipeSource;
import org.ofaspark.config.Text;

/**
 * The files that a process finds recipes in: its own machine's, and those of Hadoop by their URI.
 */
final class RecipeFiles implements RecipeSource {

  private static final Pattern HADOOP_URI = Pattern.compile("[a-zA-Z][a-zA-Z0-9+.-]+:/.*");

  /** More than a recipe may have. */
  private static final int MAX_BYTES = 1 << 18;

  @Override
  public Optional<String> read(String name) throws IOException {
    return HADOOP_URI.matcher(name).matches() ? readFromHadoop(name) : LOCAL.read(name);
  }

  /**
   * Refuses to guess what a missing file of the user's might be.
   *
   * @param name as given
   * @return empty, if it is missing for sure
   * @throws IllegalArgumentException if it may be on the user's machine
   */
  static Optional<String> requireUri(String name) {
    if (HADOOP_URI.matcher(name).matches()) {
      return Optional.empty();
    }
    throw new IllegalArgumentException(
        Text.format(
                "%s: no such file beside the driver, which runs on the cluster (expected: a path"
                    + " such as",
                name)
            + " hdfs:///recipes/x.conf, a file that --files has brought, or classpath:NAME for one"
            + " of the jar); the commands of submit/ send a recipe with its includes");
  }

  private static Optional<String> readFromHadoop(String name) throws IOException {
    try {
      Path path = new Path(name);
      var fileSystem = path.getFileSystem(SparkHadoopUtil.get().conf());
      if (!fileSystem.getFileStatus(path).isFile()) {
        return Optional.empty();
      }
      try (InputStream in = fileSystem.open(path)) {
        var bytes = ByteBuffer.wrap(in.readNBytes(MAX_BYTES + 1));
        return Optional.of(StandardCharsets.UTF_8.newDecoder().decode(bytes).toString());
      }
    } catch (FileNotFoundException e) {
      return Optional.empty();
    } catch (UnsupportedFileSystemException | IllegalArgumentException e) {
      throw new IllegalArgumentException(
          Text.format(
              "%s: %s (expected: a path of a file system that Spark knows)", name, e.getMessage()),
          e);
    }
  }
}
