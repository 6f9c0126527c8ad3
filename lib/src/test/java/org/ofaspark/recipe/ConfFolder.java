package org.ofaspark.recipe;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** The project's recipes: {@code conf/} of the project, else of the class path. */
final class ConfFolder {

  private static final Path FOLDER = Path.of("../conf");

  private ConfFolder() {}

  /** Returns what a reader of recipes finds a file of the folder by. */
  static String path(String name) {
    return Files.isDirectory(FOLDER)
        ? FOLDER.toAbsolutePath().normalize().resolve(name).toString()
        : "conf/" + name;
  }

  /** Lists the recipes, without the files that they include. */
  static List<String> recipes() throws IOException {
    Assumptions.assumeTrue(Files.isDirectory(FOLDER), FOLDER + " is not there");
    try (Stream<Path> files = Files.walk(FOLDER)) {
      return files
          .map(file -> FOLDER.relativize(file).toString())
          .filter(name -> name.endsWith(".conf") && !name.equals("base.conf"))
          .filter(name -> !name.startsWith("model") && !name.startsWith("spark"))
          .sorted()
          .toList();
    }
  }
}
