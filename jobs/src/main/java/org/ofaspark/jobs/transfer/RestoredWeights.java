package org.ofaspark.jobs.transfer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.ofaspark.config.Sha256;
import org.ofaspark.config.Text;
import org.ofaspark.format.BadCheckpointException;
import org.ofaspark.jobs.storage.HadoopFiles;
import org.ofaspark.jobs.storage.RunDirectory;
import org.ofaspark.jobs.storage.WeightDirectory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The weights that a recipe names. Those of another program, such as upstream's {@code .pt} or a
 * directory of Hugging Face's, are imported once and kept beside the run, by the name, the sizes
 * and the times of their files. Driver.
 */
public final class RestoredWeights {

  private static final Logger LOG = LoggerFactory.getLogger(RestoredWeights.class);

  private static final int NAME_LENGTH = 16;

  private RestoredWeights() {}

  /**
   * Tells whether weights have to be imported before they can be used.
   *
   * @param files access to the file systems
   * @param path any path
   */
  public static boolean areForeign(HadoopFiles files, String path) throws IOException {
    return files.exists(path) && new ModelSource(files).isForeign(path);
  }

  /**
   * Returns weights in this project's form.
   *
   * @param files access to the file systems
   * @param key what names them: a recipe key
   * @param path the value: a directory of weights, of a run or of another program, or a file
   * @param run where imported weights are kept
   * @return the path itself, or the directory that they are imported to
   * @throws IllegalArgumentException if they cannot be imported
   * @throws BadCheckpointException if they are damaged or no OFA
   */
  public static String directory(HadoopFiles files, String key, String path, RunDirectory run)
      throws IOException {
    if (!areForeign(files, path)) {
      return path;
    }
    String target = run.imported(fingerprint(files, path));
    if (WeightDirectory.is(files, target)) {
      return target;
    }
    LOG.info("{}: {} is imported once, to {}", key, files.shown(path), target);
    String unfinished = run.imported("_" + UUID.randomUUID());
    try {
      new Import(files).run(path, unfinished);
      if (!WeightDirectory.is(files, target)) { // another process may have been faster
        files.rename(unfinished, target);
      }
    } catch (BadCheckpointException e) {
      throw new BadCheckpointException(Text.format("%s: %s", key, e.getMessage()), e);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(Text.format("%s: %s", key, e.getMessage()), e);
    } finally {
      files.delete(unfinished);
    }
    return target;
  }

  private static String fingerprint(HadoopFiles files, String path) throws IOException {
    Path source = new Path(files.qualified(path));
    FileSystem fileSystem = files.fileSystem(source);
    String state =
        Arrays.stream(fileSystem.listStatus(source)) // of a file it is itself
            .filter(FileStatus::isFile)
            .map(
                file ->
                    Text.format(
                        "%s %s %s\n", file.getPath(), file.getLen(), file.getModificationTime()))
            .sorted()
            .collect(Collectors.joining());
    return Sha256.of(state.getBytes(StandardCharsets.UTF_8)).substring(0, NAME_LENGTH);
  }
}
