package org.ofaspark.config;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The mistakes found in a recipe so far, one for each key. */
final class Mistakes {

  private final Map<String, RecipeException> byKey = new LinkedHashMap<>();
  private final Set<String> keys = new HashSet<>();

  /**
   * Adds a mistake, unless its key or a group that it is in has one.
   *
   * @param key the key as it was asked for
   * @param source the key that its value comes from, the same or another
   * @param mistake what is wrong
   */
  void add(String key, String source, RecipeException mistake) {
    for (int dot = source.indexOf('.'); dot >= 0; dot = source.indexOf('.', dot + 1)) {
      if (byKey.containsKey(source.substring(0, dot))) {
        return;
      }
    }
    byKey.putIfAbsent(source, mistake);
    keys.add(key);
    keys.add(source);
  }

  boolean isEmpty() {
    return byKey.isEmpty();
  }

  /** Tells whether a message names a key with a mistake, and may so be but its consequence. */
  boolean concerns(String message) {
    return keys.stream()
        .map(key -> Pattern.compile("(?<![\\w.-])" + Pattern.quote(key) + "(?![\\w-]|\\.\\w)"))
        .anyMatch(key -> key.matcher(message).find());
  }

  /**
   * Ends the reading of a recipe.
   *
   * @param file the recipe's name
   * @throws RecipeException if there are mistakes: the only one, or one that tells all
   */
  void throwIfAny(String file) {
    if (byKey.size() == 1) {
      throw byKey.values().iterator().next();
    }
    if (!byKey.isEmpty()) {
      throw new RecipeException(
          byKey.values().stream()
              .map(mistake -> "\n  " + mistake.getMessage())
              .collect(Collectors.joining("", file + ": " + byKey.size() + " mistakes", "")));
    }
  }
}
