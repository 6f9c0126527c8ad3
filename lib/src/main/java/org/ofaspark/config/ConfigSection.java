package org.ofaspark.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A group of a recipe's keys, read by type. Whatever is wrong with a value is told with file, line
 * and key. {@link #finish} then rejects the keys that nobody asked for.
 *
 * <p>Every key asked for has to be there; {@code null} stands for "not set". So the resolved text
 * names all that a run was made of. Lists may be written as one text with commas, as upstream's
 * flags are.
 *
 * <p>Used by one thread.
 */
public final class ConfigSection {

  private static final String INTEGER = "an integer";
  private static final String NUMBER = "a number";
  private static final String TEXT = "text";

  private final String file;
  private final Config recipe;
  private final Set<String> known;
  private final String prefix;

  /**
   * Creates the section of all keys.
   *
   * @param file the recipe's name
   * @param recipe all keys, resolved
   */
  ConfigSection(String file, Config recipe) {
    this(file, recipe, new LinkedHashSet<>(), "");
  }

  private ConfigSection(String file, Config recipe, Set<String> known, String prefix) {
    this.file = file;
    this.recipe = recipe;
    this.known = known;
    this.prefix = prefix;
  }

  /**
   * Returns a group of this section.
   *
   * @param key its name
   * @throws RecipeException if it is missing or not a group
   */
  public ConfigSection section(String key) {
    RecipeValue group = value(key, "a group of keys");
    if (group.value().valueType() != ConfigValueType.OBJECT) {
      throw group.wrong();
    }
    return prefixed(ConfigUtil.joinPath(key) + ".");
  }

  /**
   * Returns the keys of this section that start alike, under the rest of their names.
   *
   * @param start such as {@code encoder-}
   */
  public ConfigSection prefixed(String start) {
    return new ConfigSection(file, recipe, known, prefix + start);
  }

  /** Returns the names of the keys and groups of this section, in alphabetical order. */
  public Set<String> keys() {
    ConfigObject group =
        prefix.isEmpty()
            ? recipe.root()
            : recipe.getObject(prefix.substring(0, prefix.length() - 1));
    return new TreeSet<>(group.keySet());
  }

  /**
   * Reads an integer.
   *
   * @param key its name
   * @throws RecipeException if it is missing or not an integer of 32 bits
   */
  public int integer(String key) {
    return value(key, INTEGER).integer();
  }

  /**
   * Reads an integer that can be large.
   *
   * @param key its name
   * @throws RecipeException if it is missing or not an integer of 64 bits
   */
  public long longInteger(String key) {
    return value(key, INTEGER).longInteger();
  }

  /**
   * Reads a number.
   *
   * @param key its name
   * @throws RecipeException if it is missing or not a finite number
   */
  public double decimal(String key) {
    return value(key, NUMBER).decimal();
  }

  /**
   * Reads a truth value.
   *
   * @param key its name
   * @throws RecipeException if it is missing or neither true nor false
   */
  public boolean flag(String key) {
    return value(key, "true or false").flag();
  }

  /**
   * Reads a text.
   *
   * @param key its name
   * @throws RecipeException if it is missing, empty, a group or a list, or a URI with a password
   */
  public String text(String key) {
    return value(key, TEXT).text();
  }

  /**
   * Reads a text that need not be set.
   *
   * @param key its name
   * @throws RecipeException if it is missing, or no text but not null
   */
  public Optional<String> optionalText(String key) {
    return optional(key, () -> text(key));
  }

  /**
   * Reads texts.
   *
   * @param key their name
   * @throws RecipeException if it is missing or not a list of texts
   */
  public List<String> texts(String key) {
    return value(key, "a list of texts").items(TEXT, RecipeValue::text);
  }

  /**
   * Reads texts that need not be set.
   *
   * @param key their name
   * @throws RecipeException if it is missing, or no list of texts but not null
   */
  public Optional<List<String>> optionalTexts(String key) {
    return optional(key, () -> texts(key));
  }

  /**
   * Reads integers.
   *
   * @param key their name
   * @throws RecipeException if it is missing or not a list of integers
   */
  public List<Integer> integers(String key) {
    return value(key, "a list of integers").items(INTEGER, RecipeValue::integer);
  }

  /**
   * Reads integers that need not be set.
   *
   * @param key their name
   * @throws RecipeException if it is missing, or no list of integers but not null
   */
  public Optional<List<Integer>> optionalIntegers(String key) {
    return optional(key, () -> integers(key));
  }

  /**
   * Reads numbers.
   *
   * @param key their name
   * @throws RecipeException if it is missing or not a list of numbers
   */
  public List<Double> decimals(String key) {
    return value(key, "a list of numbers").items(NUMBER, RecipeValue::decimal);
  }

  /**
   * Reads the name of an enum's constant, in lower case with hyphens.
   *
   * @param key its name
   * @param type the enum
   * @param <E> the enum
   * @throws RecipeException if it is missing or no such name
   */
  public <E extends Enum<E>> E choice(String key, Class<E> type) {
    Map<String, E> byName = new LinkedHashMap<>();
    for (E constant : type.getEnumConstants()) {
      byName.put(constant.name().toLowerCase(Locale.ROOT).replace('_', '-'), constant);
    }
    return choice(key, byName);
  }

  /**
   * Reads the name of an enum's constant that need not be set.
   *
   * @param key its name
   * @param type the enum
   * @param <E> the enum
   * @throws RecipeException if it is missing, or no such name but not null
   */
  public <E extends Enum<E>> Optional<E> optionalChoice(String key, Class<E> type) {
    return optional(key, () -> choice(key, type));
  }

  /**
   * Reads a name and returns what it stands for.
   *
   * @param key its name
   * @param byName what each name stands for, in the order to tell them
   * @param <T> type of what names stand for
   * @throws RecipeException if it is missing or no such name
   */
  public <T> T choice(String key, Map<String, T> byName) {
    String names = String.join(", ", byName.keySet());
    return value(key, byName.size() == 1 ? names : "one of " + names).choice(byName);
  }

  /**
   * Reads a duration: a text such as {@code 2 minutes}, or a number of seconds.
   *
   * @param key its name
   * @throws RecipeException if it is missing or not a duration
   */
  public Duration duration(String key) {
    return value(key, "a number of seconds, or a duration such as 2 minutes").duration();
  }

  /**
   * Reads the size of something held in memory: a number of bytes, or a text such as {@code 16
   * MiB}.
   *
   * @param key its name
   * @throws RecipeException if it is missing or not a size below 2 GiB
   */
  public int bytes(String key) {
    return value(key, "a number of bytes, or a size such as 16 MiB, below 2 GiB").bytes();
  }

  /**
   * Tells whether a key has its value from the command line.
   *
   * @param key its name
   */
  public boolean isOverridden(String key) {
    ConfigValue value = find(path(key));
    return value != null && Overrides.ORIGIN.equals(RecipeParser.place(value.origin()));
  }

  /**
   * Makes something of values of this section, and adds file and line to what its checks complain
   * about.
   *
   * @param maker throws {@link IllegalArgumentException} whose message starts with a key, of this
   *     section or with all its groups, and a colon, as {@link Checks} does
   * @param <T> type of what is made
   * @throws RecipeException if {@code maker} throws
   */
  public <T> T build(Supplier<T> maker) {
    try {
      return maker.get();
    } catch (RecipeException e) {
      throw e;
    } catch (IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      String key = message.replaceFirst(":.*", "");
      ConfigValue ofThis = find(prefix + key);
      ConfigValue ofAll = find(key);
      if (ofThis != null) {
        throw new RecipeException(RecipeParser.place(ofThis.origin()) + ": " + prefix + message, e);
      }
      throw new RecipeException(
          (ofAll == null ? file : RecipeParser.place(ofAll.origin())) + ": " + message, e);
    }
  }

  /**
   * Rejects the keys of this section that were not asked for.
   *
   * @throws RecipeException at the alphabetically first of them
   */
  public void finish() {
    var unknown = new TreeMap<String, ConfigValue>();
    collectUnknown("", recipe.root(), unknown);
    if (!unknown.isEmpty()) {
      var first = unknown.firstEntry();
      String advice =
          NearestKey.of(first.getKey(), known)
              .map(key -> "; did you mean " + key + "?")
              .orElse("; conf/base.conf has all keys");
      throw new RecipeException(
          new RecipeValue(first.getKey(), first.getValue(), "a known key").message() + advice);
    }
  }

  private void collectUnknown(String start, ConfigObject group, Map<String, ConfigValue> unknown) {
    group.forEach(
        (key, value) -> {
          String path = start + ConfigUtil.joinPath(key);
          if (value instanceof ConfigObject inner && !inner.isEmpty()) {
            collectUnknown(path + ".", inner, unknown);
          } else if (path.startsWith(prefix) && !known.contains(path)) {
            unknown.put(path, value);
          }
        });
  }

  /** Returns all keys of the recipe with their values as HOCON that reads back to the same. */
  public String resolvedText() {
    return recipe
        .root()
        .render(
            ConfigRenderOptions.defaults()
                .setComments(false)
                .setOriginComments(false)
                .setJson(false));
  }

  private String path(String key) {
    return prefix + ConfigUtil.joinPath(key);
  }

  /** Finds a key's value, maybe one that stands for null. */
  private @Nullable ConfigValue find(String path) {
    ConfigValue value = recipe.root();
    try {
      for (String name : ConfigUtil.splitPath(path)) {
        value = value instanceof ConfigObject group ? group.get(name) : null;
      }
    } catch (ConfigException e) {
      return null;
    }
    return value;
  }

  private RecipeValue value(String key, String expected) {
    ConfigValue value = find(path(key));
    known.add(path(key));
    if (value == null || value.valueType() == ConfigValueType.NULL) {
      throw missing(key, expected);
    }
    return new RecipeValue(path(key), value, expected);
  }

  private <T> Optional<T> optional(String key, Supplier<T> reader) {
    ConfigValue value = find(path(key));
    known.add(path(key));
    if (value == null) {
      throw missing(key, "a value, or null for none");
    }
    return value.valueType() == ConfigValueType.NULL ? Optional.empty() : Optional.of(reader.get());
  }

  private RecipeException missing(String key, String expected) {
    String group = prefix.contains(".") ? prefix.substring(0, prefix.lastIndexOf('.')) : "";
    return new RecipeException(
        "%s: %s: missing (expected: %s); set it in %s or on the command line"
            .formatted(file, path(key), expected, group.isEmpty() ? "the recipe" : group + " { }"));
  }
}
