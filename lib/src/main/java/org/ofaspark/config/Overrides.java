package org.ofaspark.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Lays {@code key=value} pairs of a command line over a recipe. */
final class Overrides {

  /** What messages give as the place of a value from the command line. */
  static final String ORIGIN = "command line";

  private Overrides() {}

  /**
   * Lays pairs over a recipe, before its substitutions are resolved.
   *
   * @param recipe the parsed recipe
   * @param pairs {@code key=value}; of two with one key the last holds
   * @throws RecipeException if one is not of this form
   */
  static Config over(Config recipe, List<String> pairs) {
    Config result = recipe;
    for (String pair : pairs) {
      int sign = pair.indexOf('=');
      if (sign <= 0) {
        throw notAPair(pair, null);
      }
      try {
        List<String> names = ConfigUtil.splitPath(pair.substring(0, sign).strip());
        if (names.size() > RecipeBounds.MAX_NESTING) {
          throw notAPair(pair, null);
        }
        String path = ConfigUtil.joinPath(names);
        ConfigValue value = value(pair.substring(sign + 1).strip());
        result = ConfigFactory.empty().withValue(path, value).withFallback(result);
      } catch (ConfigException e) {
        throw notAPair(pair, e);
      }
    }
    return result;
  }

  private static RecipeException notAPair(String pair, @Nullable Throwable cause) {
    return new RecipeException(ORIGIN + ": " + pair + " (expected: KEY=VALUE)", cause);
  }

  /**
   * Takes a text as HOCON if it is one value of it, else as it stands: {@code hdfs://host/path} and
   * {@code 0,4,2} are not, and {@code //} or {@code #} would start a comment.
   */
  static ConfigValue value(String text) {
    boolean isBracketed = !text.isEmpty() && "\"[{".indexOf(text.charAt(0)) >= 0;
    boolean hasComment = text.contains("//") || text.contains("#");
    Optional<ConfigValue> parsed =
        Optional.of(text)
            .filter(hocon -> isBracketed || !hasComment)
            .flatMap(hocon -> RecipeParser.parseValue(ORIGIN, hocon));
    if (parsed.isEmpty() && isBracketed) {
      throw new RecipeException(
          Text.format(
                  "%s: %s (expected: a list or an object); put texts with : / or # in double"
                      + " quotes, and all",
                  ORIGIN, text)
              + " of it in single ones, which the shell takes away",
          null);
    }
    return parsed.orElseGet(() -> ConfigValueFactory.fromAnyRef(text, ORIGIN));
  }
}
