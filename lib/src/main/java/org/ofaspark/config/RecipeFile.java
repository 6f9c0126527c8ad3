package org.ofaspark.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The text of a recipe or of a file that it includes, from the file system or from {@code conf/} on
 * the class path, where a job finds the recipes of its jar on a machine that has no copy of them.
 *
 * @param name as messages give it
 * @param text all of it
 * @param place path on the file system, or below {@code conf/} on the class path
 * @param home what {@code place} is relative to
 */
record RecipeFile(String name, String text, Path place, Home home) {

  /** Where a file lies. */
  enum Home {
    FILE_SYSTEM,
    CLASS_PATH
  }

  private static final Path CONF = Path.of("conf");

  /**
   * Finds a recipe by the name that a user gives.
   *
   * @param name a path, or the path of a recipe of the jar with or without {@code conf/}
   * @throws RecipeException if neither is there
   */
  static RecipeFile find(String name) {
    return path(name)
        .flatMap(path -> onFileSystem(path).or(() -> onClassPath(path)))
        .orElseThrow(
            () ->
                new RecipeException(
                    name + ": no such recipe (expected: a file, or a recipe under conf/)"));
  }

  /**
   * Wraps a text that is at hand; it can include what is on the class path.
   *
   * @param name as messages should give it
   * @param text the recipe
   */
  static RecipeFile of(String name, String text) {
    return new RecipeFile(name, text, Path.of("recipe.conf"), Home.CLASS_PATH);
  }

  /**
   * Finds a file that this one includes: beside this one, then on the class path.
   *
   * @param what as written in the include
   * @throws RecipeException if it is in neither place
   */
  RecipeFile included(String what) {
    return path(what)
        .flatMap(
            path -> {
              Path beside = place.resolveSibling(path).normalize();
              return (home == Home.FILE_SYSTEM ? onFileSystem(beside) : onClassPath(beside))
                  .or(() -> onClassPath(path));
            })
        .orElseThrow(
            () ->
                new RecipeException(
                    "%s: include: %s (expected: a file beside this one, or a recipe under conf/)"
                        .formatted(placeOfInclude(what), what)));
  }

  /**
   * Returns name and line of an include of this file.
   *
   * @param what as written in the include
   */
  String placeOfInclude(String what) {
    int line = 0;
    for (String content : text.lines().toList()) {
      line++;
      if (content.strip().startsWith("include") && content.contains(what)) {
        return name + ":" + line;
      }
    }
    return name;
  }

  /**
   * Returns name and line of a place in this file, as messages give it.
   *
   * @param line counted from 1
   */
  String place(int line) {
    return name.equals(Overrides.ORIGIN) ? name : name + ":" + line;
  }

  private static Optional<Path> path(String name) {
    try {
      return Optional.of(Path.of(name));
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  private static Optional<RecipeFile> onFileSystem(Path path) {
    if (!Files.isRegularFile(path)) {
      return Optional.empty();
    }
    try {
      RecipeBounds.checkBytes(path.toString(), Files.size(path));
      return Optional.of(
          new RecipeFile(path.toString(), Files.readString(path), path, Home.FILE_SYSTEM));
    } catch (IOException e) {
      throw new RecipeException(path + ": not readable (expected: a text file in UTF-8)", e);
    }
  }

  private static Optional<RecipeFile> onClassPath(Path path) {
    Path normal = path.normalize();
    Path inConf = normal.startsWith(CONF) ? CONF.relativize(normal) : normal;
    String resource = "/conf/" + inConf.toString().replace('\\', '/');
    if (inConf.isAbsolute() || inConf.startsWith("..") || !resource.endsWith(".conf")) {
      return Optional.empty();
    }
    try (InputStream in = RecipeFile.class.getResourceAsStream(resource)) {
      if (in == null) {
        return Optional.empty();
      }
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return Optional.of(
          new RecipeFile("classpath:" + resource.substring(1), text, inConf, Home.CLASS_PATH));
    } catch (IOException e) {
      throw new RecipeException(resource + ": not readable (expected: a text file in UTF-8)", e);
    }
  }
}
