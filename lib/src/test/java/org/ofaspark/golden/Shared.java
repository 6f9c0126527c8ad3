package org.ofaspark.golden;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/**
 * Files that lie beside the project and never enter it, such as upstream's vocabulary.
 *
 * <p>Chosen by {@code -Dshared.dir}, else the folder {@code shared} beside the project.
 */
public final class Shared {

  private Shared() {}

  /**
   * Returns a file of the shared folder, and skips the running test, naming it, if it is not there.
   *
   * @param name its path within the folder
   */
  public static Path assumeHas(String name) {
    Path file = Path.of(System.getProperty("shared.dir", "../../shared")).resolve(name);
    Assumptions.assumeTrue(Files.exists(file), file + " is not there");
    return file;
  }
}
