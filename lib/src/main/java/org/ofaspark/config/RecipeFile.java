package org.ofaspark.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The text of a recipe or of a file that it includes, from the user's files or from {@code conf/}
 * on the class path, where a job finds the recipes of its jar on a machine that has no copy of
 * them.
 *
 * @param name as messages give it
 * @param text all of it
 * @param place path among the user's files, or below {@code conf/} on the class path
 * @param home what {@code place} is relative to
 * @param files of the user
 */
record RecipeFile(String name, String text, String place, Home home, RecipeSource files) {

  /** Where a file lies. */
  enum Home {
    USER,
    CLASS_PATH
  }

  private static final Path CONF = Path.of("conf");
  private static final String CLASS_PATH = "classpath:";

  /** Scheme and authority, if there are any, and a path. */
  private static final Pattern URI =
      Pattern.compile("(?s)((?:[a-zA-Z][a-zA-Z0-9+.-]+:(?://[^/]*)?)?)(.*)");

  /**
   * Finds a recipe by the name that a user gives.
   *
   * @param name a file, or the path of a recipe of the jar: with or without {@code conf/}, or after
   *     {@code classpath:}, which is never a file
   * @param files of the user
   * @throws RecipeException if neither is there
   */
  static RecipeFile find(String name, RecipeSource files) {
    return among(name, files)
        .or(() -> onClassPath(name, files))
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
    return new RecipeFile(name, text, "recipe.conf", Home.CLASS_PATH, RecipeSource.NONE);
  }

  /**
   * Finds a file that this one includes: beside this one, then on the class path.
   *
   * @param what as written in the include
   * @throws RecipeException if it is in neither place
   */
  RecipeFile included(String what) {
    return beside(what)
        .flatMap(file -> home == Home.USER ? among(file, files) : onClassPath(file, files))
        .or(() -> onClassPath(what, files))
        .orElseThrow(
            () ->
                new RecipeException(
                    Text.format(
                        "%s: include: %s (expected: a file beside this one, or a recipe under"
                            + " conf/)",
                        placeOfInclude(what), what)));
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

  private Optional<String> beside(String what) {
    if (!match(what).group(1).isEmpty()) {
      return Optional.of(what);
    }
    Matcher from = match(place);
    return path(from.group(2))
        .flatMap(path -> path(what).map(path::resolveSibling))
        .map(path -> from.group(1) + path.normalize());
  }

  private static Matcher match(String name) {
    Matcher matcher = URI.matcher(name);
    if (!matcher.matches()) {
      throw new IllegalStateException(name + ": not matched");
    }
    return matcher;
  }

  private static Optional<Path> path(String name) {
    try {
      return Optional.of(Path.of(name));
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  private static Optional<RecipeFile> among(String name, RecipeSource files) {
    if (name.startsWith(CLASS_PATH)) {
      return Optional.empty();
    }
    try {
      return files.read(name).map(text -> new RecipeFile(name, text, name, Home.USER, files));
    } catch (IOException e) {
      throw new RecipeException(name + ": not readable (expected: a text file in UTF-8)", e);
    }
  }

  private static Optional<RecipeFile> onClassPath(String name, RecipeSource files) {
    String plain = name.startsWith(CLASS_PATH) ? name.substring(CLASS_PATH.length()) : name;
    return path(plain).flatMap(path -> onClassPath(path, files));
  }

  private static Optional<RecipeFile> onClassPath(Path path, RecipeSource files) {
    Path normal = path.normalize();
    Path inConf = normal.startsWith(CONF) ? CONF.relativize(normal) : normal;
    String place = inConf.toString().replace('\\', '/');
    if (inConf.isAbsolute() || inConf.startsWith("..") || !place.endsWith(".conf")) {
      return Optional.empty();
    }
    String resource = "/conf/" + place;
    try (InputStream in = RecipeFile.class.getResourceAsStream(resource)) {
      if (in == null) {
        return Optional.empty();
      }
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      String name = CLASS_PATH + resource.substring(1);
      return Optional.of(new RecipeFile(name, text, place, Home.CLASS_PATH, files));
    } catch (IOException e) {
      throw new RecipeException(resource + ": not readable (expected: a text file in UTF-8)", e);
    }
  }
}
