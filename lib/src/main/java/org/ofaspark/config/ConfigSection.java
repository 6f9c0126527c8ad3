package org.ofaspark.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A group of a recipe's keys, read by type. Mistakes in values are reported with file, line and
 * key. {@link #finish} then rejects unknown keys.
 *
 * <p>A reader throws at once, unless the section {@linkplain #collecting() collects}: then it gives
 * a value to go on with, and {@code finish} tells all mistakes together.
 *
 * <p>Every key asked for has to be there; {@code null} stands for "not set". So the resolved text
 * names all that a run was made of. Lists may be written as one text with commas, as upstream's
 * flags are.
 *
 * <p>Used by one thread.
 */
public final class ConfigSection {

  /** A value that is nothing but another key's. */
  private static final Pattern REFERENCE = Pattern.compile("\\$\\{\\??([^}\"]+)}");

  private final String file;
  private final Config written;
  private final Config recipe;
  private final Set<String> known;
  private final String prefix;
  private final @Nullable Mistakes mistakes;

  /**
   * Creates the section of all keys.
   *
   * @param file the recipe's name
   * @param written all keys, as they were before they were resolved
   * @param recipe all keys, resolved
   */
  ConfigSection(String file, Config written, Config recipe) {
    this(file, written, recipe, new LinkedHashSet<>(), "", null);
  }

  private ConfigSection(
      String file,
      Config written,
      Config recipe,
      Set<String> known,
      String prefix,
      @Nullable Mistakes mistakes) {
    this.file = file;
    this.written = written;
    this.recipe = recipe;
    this.known = known;
    this.prefix = prefix;
    this.mistakes = mistakes;
  }

  /**
   * Returns the same section, whose readers and groups keep mistakes back for {@link #finish}. In
   * place of what cannot be read they give something to go on with.
   */
  public ConfigSection collecting() {
    return new ConfigSection(file, written, recipe, known, prefix, new Mistakes());
  }

  /**
   * Returns the same section, in which keys that the recipe does not have are there.
   *
   * @param defaults their values by whole key
   */
  public ConfigSection with(Map<String, ?> defaults) {
    return of(recipe.withFallback(ConfigFactory.parseMap(defaults)));
  }

  /**
   * Returns the same section, in which a text in the place of a list is that list: the lines of the
   * file that it names, without blank ones. The section has to collect mistakes.
   *
   * @param path the whole key
   * @param files where files are looked for
   */
  public ConfigSection withLines(String path, RecipeSource files) {
    ConfigValue value = find(recipe.root(), path);
    if (value == null || value.valueType() != ConfigValueType.STRING) {
      return this;
    }
    List<String> lines;
    try {
      lines = lines(path, value, files);
    } catch (RecipeException e) {
      lines = keptBack(path, path, e, List.of());
    }
    return of(
        recipe.withValue(path, ConfigValueFactory.fromIterable(lines).withOrigin(value.origin())));
  }

  private static List<String> lines(String path, ConfigValue value, RecipeSource files) {
    var name = new RecipeValue(path, value, "a list of texts, or a file with one a line");
    try {
      String text = files.read(name.text()).orElseThrow(name::wrong);
      RecipeBounds.checkBytes(name.text(), text.length());
      return text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private ConfigSection of(Config other) {
    return new ConfigSection(file, written, other, known, prefix, mistakes);
  }

  /**
   * Returns a group of this section.
   *
   * @param key its name
   * @throws RecipeException if it is missing or not a group
   */
  public ConfigSection section(String key) {
    ConfigSection section = prefixed(ConfigUtil.joinPath(key) + ".");
    return value(
        key,
        new ValueType<>(
            "a group of keys",
            group -> {
              group.requireGroup();
              return section;
            },
            section));
  }

  /**
   * Returns the keys of this section that start alike, under the rest of their names.
   *
   * @param start such as {@code encoder-}
   */
  public ConfigSection prefixed(String start) {
    return new ConfigSection(file, written, recipe, known, prefix + start, mistakes);
  }

  /** Returns the names of the keys and groups of this section, in alphabetical order. */
  public Set<String> keys() {
    ConfigValue group =
        prefix.isEmpty() ? recipe.root() : find(prefix.substring(0, prefix.length() - 1));
    return group instanceof ConfigObject keys ? new TreeSet<>(keys.keySet()) : Set.of();
  }

  /**
   * Reads a value.
   *
   * @param key its name
   * @param type its type
   * @param <T> what it is read as
   * @throws RecipeException if it is missing or of another type
   */
  public <T> T value(String key, ValueType<T> type) {
    String path = path(key);
    ConfigValue value = find(path);
    known.add(path);
    String source = source(path);
    try {
      if (value == null || value.valueType() == ConfigValueType.NULL) {
        throw missing(source, type.expected());
      }
      return type.read(new RecipeValue(source, value, type.expected()));
    } catch (RecipeException e) {
      return keptBack(path, source, e, type.substitute());
    }
  }

  /**
   * Reads a value that need not be set.
   *
   * @param key its name
   * @param type its type
   * @param <T> what it is read as
   * @throws RecipeException if it is missing, or of another type but not null
   */
  public <T> Optional<T> optional(String key, ValueType<T> type) {
    return optional(key, () -> value(key, type));
  }

  /** Reads a value that need not be set. */
  <T> Optional<T> optional(String key, Supplier<T> reader) {
    String path = path(key);
    ConfigValue value = find(path);
    known.add(path);
    if (value == null) {
      RecipeException missing = missing(path, "a value, or null for none");
      return keptBack(path, path, missing, Optional.empty());
    }
    return value.valueType() == ConfigValueType.NULL ? Optional.empty() : Optional.of(reader.get());
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
   * Reads a name and returns what it stands for.
   *
   * @param key its name
   * @param byName what each name stands for, in the order to tell them
   * @param <T> type of what names stand for
   * @throws RecipeException if it is missing or no such name
   */
  public <T> T choice(String key, Map<String, T> byName) {
    String names = String.join(", ", byName.keySet());
    String expected = byName.size() == 1 ? names : "one of " + names;
    T first = byName.values().iterator().next();
    return value(key, new ValueType<>(expected, name -> name.choice(byName), first));
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
   * Makes something of values of a section that collects.
   *
   * @param maker throws {@link IllegalArgumentException} whose message starts with a key, of this
   *     section or with all its groups, and a colon, as {@link Checks} does
   * @param <T> type of what is made
   * @return empty if {@code maker} throws. What it says is kept for {@link #finish}, with file and
   *     line, but for what may only be the consequence of a value that could not be read
   */
  public <T> Optional<T> attempt(Supplier<T> maker) {
    Mistakes found = Objects.requireNonNull(mistakes, "attempt: of a section that collects");
    try {
      return Optional.of(maker.get());
    } catch (AllChecks.Failed e) {
      e.messages().forEach(message -> add(found, message, e));
    } catch (IllegalArgumentException e) {
      add(found, String.valueOf(e.getMessage()), e);
    } catch (RuntimeException e) {
      if (found.isEmpty()) {
        throw e;
      }
    }
    return Optional.empty();
  }

  /**
   * Checks a value of a section that collects.
   *
   * @param check as {@code maker} for {@link #attempt}
   */
  public void check(Runnable check) {
    attempt(
        () -> {
          check.run();
          return true;
        });
  }

  private void add(Mistakes found, String message, IllegalArgumentException cause) {
    String key = message.replaceFirst(":.*", "");
    boolean isOfThis = find(prefix + key) != null;
    String path = isOfThis ? prefix + key : key;
    if (!found.concerns(message) && !found.concerns(path)) {
      ConfigValue value = find(path);
      String place = value == null ? file : RecipeParser.place(value.origin());
      String located = place + ": " + (isOfThis ? prefix : "") + message;
      found.add(path, path, new RecipeException(located, cause));
    }
  }

  /**
   * Rejects the keys of this section that were not asked for.
   *
   * @throws RecipeException if there are any, or mistakes that were kept back: with all of them
   */
  public void finish() {
    Mistakes all = mistakes == null ? new Mistakes() : mistakes;
    var unknown = new TreeMap<String, ConfigValue>();
    collectUnknown("", recipe.root(), unknown);
    unknown.forEach(
        (key, value) -> {
          String advice =
              NearestKey.of(key, known)
                  .map(meant -> "; did you mean " + meant + "?")
                  .orElse("; conf/base.conf has all keys");
          String message = new RecipeValue(key, value, "a known key").message() + advice;
          all.add(key, key, new RecipeException(message));
        });
    all.throwIfAny(file);
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
    return find(recipe.root(), path);
  }

  private static @Nullable ConfigValue find(ConfigObject root, String path) {
    ConfigValue value = root;
    try {
      for (String name : ConfigUtil.splitPath(path)) {
        value = value instanceof ConfigObject group ? group.get(name) : null;
      }
    } catch (ConfigException e) {
      return null;
    }
    return value;
  }

  private <T> T keptBack(String path, String source, RecipeException mistake, T substitute) {
    if (mistakes == null) {
      throw mistake;
    }
    mistakes.add(path, source, mistake);
    return substitute;
  }

  /** Returns the key that a value comes from, which is another one if it was written as that. */
  private String source(String path) {
    ConfigValue value = find(written.root(), path);
    String text = value == null ? "" : value.render(ConfigRenderOptions.concise());
    Matcher reference = REFERENCE.matcher(text);
    boolean isOther = reference.matches() && !reference.group(1).equals(path);
    return isOther && find(reference.group(1)) != null ? source(reference.group(1)) : path;
  }

  private RecipeException missing(String path, String expected) {
    String group = path.contains(".") ? path.substring(0, path.lastIndexOf('.')) : "";
    return new RecipeException(
        Text.format(
            "%s: %s: missing (expected: %s); set it in %s or on the command line",
            file, path, expected, group.isEmpty() ? "the recipe" : group + " { }"));
  }
}
