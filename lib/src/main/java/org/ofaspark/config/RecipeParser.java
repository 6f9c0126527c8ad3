package org.ofaspark.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigIncludeContext;
import com.typesafe.config.ConfigIncluder;
import com.typesafe.config.ConfigIncluderClasspath;
import com.typesafe.config.ConfigIncluderFile;
import com.typesafe.config.ConfigIncluderURL;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigResolveOptions;
import com.typesafe.config.ConfigSyntax;
import com.typesafe.config.ConfigValue;
import java.io.File;
import java.net.URL;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Parses recipe files as HOCON, stricter than HOCON asks for: an include has to be there, no key
 * comes twice in a file, and nothing is taken from the network, the environment or system
 * properties.
 */
final class RecipeParser {

  private static final Pattern SUBSTITUTION = Pattern.compile("\\$\\{[^}]*}");

  private RecipeParser() {}

  /**
   * Parses a file with all that it includes; substitutions stay open.
   *
   * @param file the file
   * @throws RecipeException at a mistake of syntax, a key given twice or an include that fails
   */
  static Config parse(RecipeFile file) {
    return parse(file, List.of(), new AtomicInteger());
  }

  private static Config parse(RecipeFile file, List<String> includedFrom, AtomicInteger files) {
    List<String> chain = new ArrayList<>(includedFrom);
    chain.add(file.name());
    RecipeBounds.checkText(file);
    try {
      Config config = ConfigFactory.parseString(file.text(), options(file, chain, files));
      DuplicateKeys.check(file);
      return config;
    } catch (ConfigException e) {
      throw syntaxError(file, e);
    }
  }

  /**
   * Parses a text as one value.
   *
   * @param name what to call its source
   * @param text HOCON; includes are looked for on the class path
   * @return the value, empty if the text is something else
   */
  static Optional<ConfigValue> parseValue(String name, String text) {
    String list = "list = [" + text + "]";
    RecipeFile file = RecipeFile.of(name, list);
    RecipeBounds.checkText(file);
    try {
      var root = ConfigFactory.parseString(list, options(file, List.of(), new AtomicInteger()));
      return root.root().get("list") instanceof ConfigList items && items.size() == 1
          ? Optional.of(items.get(0))
          : Optional.empty();
    } catch (ConfigException e) {
      return Optional.empty();
    }
  }

  private static ConfigParseOptions options(
      RecipeFile file, List<String> chain, AtomicInteger files) {
    return ConfigParseOptions.defaults()
        .setSyntax(ConfigSyntax.CONF)
        .setOriginDescription(file.name())
        .setIncluder(new Includer(file, chain, files));
  }

  /**
   * Puts values in the place of substitutions, from the recipe alone.
   *
   * @param file the recipe's name
   * @param config the parsed recipe
   * @throws RecipeException if a substitution names no key or runs in a circle, or the recipe would
   *     become too large
   */
  static Config resolve(String file, Config config) {
    RecipeBounds.checkResolved(file, config);
    try {
      return config.resolve(ConfigResolveOptions.noSystem());
    } catch (ConfigException e) {
      Matcher substitution = SUBSTITUTION.matcher(String.valueOf(e.getMessage()));
      throw new RecipeException(
          Text.format(
              "%s: %s: not resolved (expected: a key of this recipe, and no circle)",
              place(file, e), substitution.find() ? substitution.group() : "${}"),
          e);
    }
  }

  private static RecipeException syntaxError(RecipeFile file, ConfigException e) {
    String place = place(file.name(), e);
    String message = String.valueOf(e.getMessage());
    if (message.contains("end of file") && !message.contains("may not be followed")) {
      return new RecipeException(
          place + ": the file ends too early (expected: a value, or } or ] for one that is open)",
          e);
    }
    String problem =
        message.replaceFirst("^.*?: (\\d+: )? *", "").replaceFirst(" \\(if you .*", "");
    return new RecipeException(
        Text.format(
            "%s: %s (expected: key = value, as HOCON); put text that is not a plain word in quotes",
            place, problem),
        e);
  }

  private static String place(String file, ConfigException e) {
    return e.origin() == null ? file : place(e.origin());
  }

  /**
   * Returns file and line that something comes from; of something of several lines the first.
   *
   * @param origin of a value
   */
  static String place(ConfigOrigin origin) {
    String name = origin.description().replaceFirst(": \\d+(-\\d+)?$", "");
    boolean inFile = origin.lineNumber() > 0 && !name.equals(Overrides.ORIGIN);
    return inFile ? name + ":" + origin.lineNumber() : name;
  }

  /** Finds what a file includes. */
  private record Includer(RecipeFile file, List<String> chain, AtomicInteger files)
      implements ConfigIncluder, ConfigIncluderFile, ConfigIncluderClasspath, ConfigIncluderURL {

    @Override
    public ConfigIncluder withFallback(ConfigIncluder fallback) {
      return this;
    }

    @Override
    public ConfigObject include(ConfigIncludeContext context, String what) {
      RecipeFile included = file.included(what);
      if (chain.contains(included.name())) {
        throw new RecipeException(
            Text.format(
                "%s: include: %s (expected: no circle of includes)",
                file.placeOfInclude(what), what));
      }
      if (files.incrementAndGet() >= RecipeBounds.MAX_FILES
          || chain.size() >= RecipeBounds.MAX_INCLUDES) {
        throw new RecipeException(
            Text.format(
                "%s: include: %s (expected: at most %d files in all, and %d within each other)",
                file.placeOfInclude(what),
                what,
                RecipeBounds.MAX_FILES,
                RecipeBounds.MAX_INCLUDES));
      }
      return parse(included, chain, files).root();
    }

    @Override
    public ConfigObject includeFile(ConfigIncludeContext context, File what) {
      return include(context, what.getPath());
    }

    @Override
    public ConfigObject includeResources(ConfigIncludeContext context, String what) {
      return include(context, what);
    }

    @Override
    public ConfigObject includeURL(ConfigIncludeContext context, URL what) {
      throw new RecipeException(
          Text.format(
              "%s: include: %s (expected: a file); recipes never touch the network",
              file.placeOfInclude(what.toString()), what));
    }
  }
}
