package org.ofaspark.config;

import com.typesafe.config.Config;
import java.util.List;

/**
 * Reads recipes: HOCON files with includes and substitutions, and overrides of a command line over
 * them. Substitutions are resolved last, so an override moves all that depends on it.
 *
 * <p>Reads files and class-path resources, never the network, the environment or system properties.
 */
public final class ConfigReader {

  private ConfigReader() {}

  /**
   * Reads a recipe.
   *
   * @param recipe path of a file; if there is none, path of a class-path resource under {@code
   *     conf/}, with or without {@code conf/}
   * @param files where recipe and includes are looked for before the class path
   * @param overrides {@code key=value} pairs; a value is HOCON or, where it cannot be, plain text;
   *     of two with one key the last holds
   * @return the whole recipe
   * @throws RecipeException if something is not found, malformed or given twice
   */
  public static ConfigSection read(String recipe, RecipeSource files, List<String> overrides) {
    return section(RecipeFile.find(recipe, files), overrides);
  }

  /**
   * Reads a recipe whose text is at hand.
   *
   * @param name what messages should call it
   * @param text HOCON; includes are looked for on the class path
   * @param overrides as for {@link #read}
   * @return the whole recipe
   * @throws RecipeException as for {@link #read}
   */
  public static ConfigSection parse(String name, String text, List<String> overrides) {
    return section(RecipeFile.of(name, text), overrides);
  }

  private static ConfigSection section(RecipeFile file, List<String> overrides) {
    Config recipe = Overrides.over(RecipeParser.parse(file), overrides);
    return new ConfigSection(file.name(), recipe, RecipeParser.resolve(file.name(), recipe));
  }
}
