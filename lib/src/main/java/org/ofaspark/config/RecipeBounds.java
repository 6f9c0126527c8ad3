package org.ofaspark.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How large a recipe may be, checked before memory and stack are spent on it: a text of a few
 * hundred bytes can nest or refer to itself so often that parsing or resolving it would end the
 * process.
 *
 * <p>The size of a resolved recipe is bounded from above without resolving it: the characters of a
 * key's value as it is written, and those of all that it refers to. A reference back to a value
 * that is being measured, which HOCON allows for {@code a = ${a}x}, counts as all of the recipe and
 * doubles what it stands in.
 */
final class RecipeBounds {

  /** Most bytes of a file; {@code conf/base.conf}, the largest of this project, has 16 kB. */
  static final int MAX_BYTES = 1 << 18;

  /** Most files that a recipe is made of, each counted as often as it is included. */
  static final int MAX_FILES = 100;

  /** Most characters of a recipe whose substitutions are resolved. */
  static final int MAX_RESOLVED = 1 << 22;

  /** Most files that include each other, one within the other. */
  static final int MAX_INCLUDES = 10;

  /** Most groups and lists within each other, and most names in a key. */
  static final int MAX_NESTING = 30;

  /** Most substitutions that lead from one to the next. */
  private static final int MAX_LINKS = 30;

  /** A quoted text, in which nothing is substituted, or the path of a substitution. */
  private static final Pattern QUOTED_OR_REFERENCE =
      Pattern.compile("\"(?:[^\"\\\\]|\\\\.)*+\"|\\$\\{\\??([^}]*+)}", Pattern.DOTALL);

  private final String file;
  private final ConfigObject root;
  private final long whole;
  private final Map<List<String>, Size> sizes = new HashMap<>();
  private final Set<List<String>> open = new HashSet<>();
  private final Map<List<String>, Integer> referencesBack = new HashMap<>();

  private RecipeBounds(String file, ConfigObject root) {
    this.file = file;
    this.root = root;
    this.whole = written(root).length();
  }

  /**
   * Checks a text before it is parsed.
   *
   * @param file the text with its name
   * @throws RecipeException if it is too long or nests too deeply
   */
  static void checkText(RecipeFile file) {
    checkBytes(file.name(), file.text().length());
    var text = new HoconText(file.text());
    int depth = 0;
    int names = 0; // dots that may divide a key
    while (!text.atEnd()) {
      char c = text.current();
      depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
      names = "\n,=[{".indexOf(c) >= 0 ? 0 : c == '.' ? names + 1 : names;
      if (depth > MAX_NESTING || names > MAX_NESTING) {
        throw new RecipeException(
            Text.format(
                "%s: nested more than %d deep (expected: groups, lists and names of a key up to"
                    + " that)",
                file.place(text.line()), MAX_NESTING));
      }
      text.next();
    }
  }

  /**
   * Checks the size of a file before it is read.
   *
   * @param name as messages give it
   * @param bytes its size
   * @throws RecipeException if it is too large
   */
  static void checkBytes(String name, long bytes) {
    if (bytes > MAX_BYTES) {
      throw new RecipeException(
          Text.format("%s: %d bytes (expected: a recipe of at most %d)", name, bytes, MAX_BYTES));
    }
  }

  /**
   * Checks what a recipe would be once its substitutions are resolved.
   *
   * @param file the recipe's name
   * @param recipe the parsed recipe, unresolved
   * @throws RecipeException if it would be too large, or refers to itself through too many keys
   */
  static void checkResolved(String file, Config recipe) {
    var bounds = new RecipeBounds(file, recipe.root());
    bounds.size(List.of(), recipe.root(), 0);
  }

  /**
   * Upper bounds of a value.
   *
   * @param characters of it and of all that it refers to
   * @param links substitutions that lead from it one to the next
   */
  private record Size(long characters, int links) {

    private static final Size NONE = new Size(0, 0);

    Size plus(Size other) {
      long sum = Math.min(characters + other.characters, Integer.MAX_VALUE);
      return new Size(sum, Math.max(links, other.links));
    }
  }

  private Size size(List<String> path, ConfigValue value, int links) {
    Size known = sizes.get(path);
    if (known != null) {
      return known;
    }
    if (!open.add(path)) {
      referencesBack.merge(path, 1, Integer::sum);
      return new Size(whole, 0);
    }
    requireFewLinks(path, value, links);
    Size size = Size.NONE;
    Map<String, ConfigValue> group = group(value);
    if (group.isEmpty()) {
      String written = written(value);
      size = sizeOfReferences(written, links).plus(new Size(written.length(), 0));
    } else {
      for (var member : group.entrySet()) {
        Size inner = size(join(path, member.getKey()), member.getValue(), links);
        size = size.plus(inner).plus(new Size(member.getKey().length(), 0));
      }
    }
    for (int i = referencesBack.getOrDefault(path, 0); i > 0; i--) {
      size = size.plus(size);
    }
    open.remove(path);
    requireFewLinks(path, value, size.links());
    if (size.characters() > MAX_RESOLVED) {
      throw tooLarge(
          path,
          value,
          Text.format("grows beyond %d characters by its substitutions", MAX_RESOLVED));
    }
    sizes.put(path, size);
    return size;
  }

  private void requireFewLinks(List<String> path, ConfigValue value, int links) {
    if (links > MAX_LINKS) {
      throw tooLarge(
          path, value, Text.format("leads through more than %d substitutions", MAX_LINKS));
    }
  }

  private Size sizeOfReferences(String written, int links) {
    Size size = Size.NONE;
    Matcher references = QUOTED_OR_REFERENCE.matcher(written);
    while (references.find()) {
      if (references.group(1) != null) {
        size = size.plus(sizeOfReference(references.group(1), links));
      }
    }
    return size;
  }

  /** Follows a path from the top and, as in an included file, from any group on its way. */
  private Size sizeOfReference(String reference, int links) {
    Size size = Size.NONE;
    List<String> names = names(reference);
    for (int from = 0; from < names.size(); from++) {
      ConfigValue value = root;
      int to = from;
      while (to < names.size()) {
        ConfigValue inner = group(value).get(names.get(to));
        if (inner == null) {
          break;
        }
        value = inner;
        to++;
      }
      if (to > from) {
        Size target = size(names.subList(from, to), value, links + 1);
        size = size.plus(new Size(target.characters(), target.links() + 1));
      }
    }
    return size;
  }

  private List<String> names(String reference) {
    try {
      return List.copyOf(ConfigUtil.splitPath(reference));
    } catch (ConfigException e) {
      throw new RecipeException(
          Text.format(
              "%s: ${%s}: not resolved (expected: a key of this recipe, and no circle)",
              file, reference),
          e);
    }
  }

  /** Returns the keys of a group; none for what is not one, or only once it is resolved. */
  private static Map<String, ConfigValue> group(ConfigValue value) {
    if (value instanceof ConfigObject group) {
      try {
        boolean unused = group.isEmpty();
        return group;
      } catch (ConfigException.NotResolved e) {
        return Map.of();
      }
    }
    return Map.of();
  }

  private static String written(ConfigValue value) {
    return value.render(ConfigRenderOptions.concise());
  }

  private static List<String> join(List<String> path, String key) {
    String[] joined = path.toArray(new String[path.size() + 1]);
    joined[path.size()] = key;
    return List.of(joined);
  }

  private RecipeException tooLarge(List<String> path, ConfigValue value, String what) {
    String place = value.origin() == null ? file : RecipeParser.place(value.origin());
    return new RecipeException(
        Text.format(
            "%s: %s%s (expected: a recipe of a few pages)",
            place, path.isEmpty() ? "" : ConfigUtil.joinPath(path) + ": ", what));
  }
}
