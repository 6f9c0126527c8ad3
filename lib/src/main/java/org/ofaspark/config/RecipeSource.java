package org.ofaspark.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/** Where the files of a recipe are: the one that the user names, and what it includes beside it. */
@FunctionalInterface
public interface RecipeSource {

  /** The files of this machine. */
  RecipeSource LOCAL =
      name -> {
        try {
          Path file = Path.of(name);
          if (!Files.isRegularFile(file)) {
            return Optional.empty();
          }
          RecipeBounds.checkBytes(name, Files.size(file));
          return Optional.of(Files.readString(file));
        } catch (InvalidPathException e) {
          return Optional.empty();
        }
      };

  /** No files: a recipe's includes are those of the class path. */
  RecipeSource NONE = name -> Optional.empty();

  /**
   * Reads a file.
   *
   * @param name a path, or a URI
   * @return its text, empty if there is no such file
   * @throws IOException if it cannot be read
   */
  Optional<String> read(String name) throws IOException;
}
