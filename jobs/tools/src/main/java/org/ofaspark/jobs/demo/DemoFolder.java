package org.ofaspark.jobs.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.ofaspark.config.Sha256;
import org.ofaspark.config.Text;

/**
 * The folder that a demo works in.
 *
 * @param path where it is
 */
record DemoFolder(Path path) {

  /** Tells a folder of an earlier demo, which may be emptied, from one of the user's. */
  private static final String MARK = ".ofa-demo";

  /**
   * Makes an empty folder.
   *
   * @param path a folder that is missing, empty or an earlier demo's
   * @throws IllegalArgumentException if it is none of them
   */
  static DemoFolder empty(Path path) throws IOException {
    if (Files.exists(path)) {
      if (!Files.isDirectory(path) || (!list(path).isEmpty() && !isMarked(path))) {
        throw new IllegalArgumentException(
            Text.format("--dir: %s (expected: an empty folder, or an earlier demo's)", path));
      }
      for (Path inside : list(path)) {
        delete(inside);
      }
    }
    Path folder = Files.createDirectories(path).toAbsolutePath().normalize();
    Files.createFile(folder.resolve(MARK));
    Files.createDirectories(folder.resolve("logs"));
    var demo = new DemoFolder(folder);
    demo.deleteBlocksOutside();
    return demo;
  }

  private static boolean isMarked(Path path) {
    return Files.exists(path.resolve(MARK));
  }

  private static List<Path> list(Path path) throws IOException {
    try (Stream<Path> inside = Files.list(path)) {
      return inside.toList();
    }
  }

  private static void delete(Path path) throws IOException {
    try (Stream<Path> all = Files.walk(path)) {
      for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  Path scenes() {
    return path.resolve("scenes");
  }

  /**
   * Returns where HDFS keeps its blocks: in the folder, or outside of it if the folder's name has
   * letters that a URI writes otherwise, such as a blank, which HDFS does not bear.
   */
  Path hdfs() {
    boolean isPlain = path.toUri().getRawPath().chars().noneMatch(letter -> letter == '%');
    return isPlain
        ? path.resolve("hdfs")
        : Path.of(System.getProperty("java.io.tmpdir"))
            .resolve("ofa-demo-" + Sha256.of(path.toString().getBytes(UTF_8)));
  }

  /** Deletes what HDFS has kept outside of the folder. */
  void deleteBlocksOutside() throws IOException {
    if (!hdfs().startsWith(path) && Files.exists(hdfs())) {
      delete(hdfs());
    }
  }

  /** Returns where a task's run directory is copied to. */
  Path run(String task) {
    return path.resolve("runs").resolve(task);
  }

  /** Returns where a task's table is copied to. */
  Path table(String task) {
    return path.resolve("tables").resolve(task);
  }

  Path log(String step) {
    return path.resolve("logs").resolve(step.replace(' ', '-') + ".log");
  }
}
