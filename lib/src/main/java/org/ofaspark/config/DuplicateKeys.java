package org.ofaspark.config;

import com.typesafe.config.ConfigUtil;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Finds keys that a file gives twice. HOCON lets the last one win without a word, and keeps no
 * trace of the first, so this walks over the text. Groups count as in HOCON: {@code train.seed} and
 * {@code train { seed }} are the same key.
 */
final class DuplicateKeys {

  private static final Pattern INCLUDE =
      Pattern.compile("include\\s+(\"|(required|url|file|classpath)\\()");

  private final RecipeFile file;
  private final String text;
  private final Map<List<String>, Integer> lineOf = new HashMap<>();
  private int at;
  private int counted; // of the characters, those whose line ends are counted
  private int line = 1;

  private DuplicateKeys(RecipeFile file) {
    this.file = file;
    this.text = file.text();
  }

  /**
   * Walks over a file.
   *
   * @param file whose text is HOCON
   * @throws RecipeException at the second place of a key
   */
  static void check(RecipeFile file) {
    var keys = new DuplicateKeys(file);
    while (keys.at < keys.text.length()) {
      keys.group(List.of());
    }
  }

  /** Walks over the keys of a group, to behind its closing brace. */
  private void group(List<String> path) {
    while (true) {
      skipSeparators();
      if (at == text.length()) {
        return;
      }
      if (text.charAt(at) == '}') {
        at++;
        return;
      }
      int start = at;
      if (INCLUDE.matcher(text).region(at, text.length()).lookingAt()) {
        skipValue();
      } else {
        skipKey();
        String key = text.substring(start, at).strip();
        skipSeparators();
        value(join(path, key), start);
      }
    }
  }

  /** Walks over sign and value of a key. */
  private void value(List<String> path, int start) {
    if (text.charAt(at) != '{') {
      at += text.charAt(at) == '+' ? 2 : 1;
      skipSeparators();
    }
    if (text.charAt(at) == '{') {
      at++;
      group(path);
    } else {
      rejectSecond(path, line(start));
    }
    skipValue();
  }

  private void rejectSecond(List<String> path, int line) {
    Integer first = lineOf.putIfAbsent(path, line);
    if (first != null) {
      throw new RecipeException(
          Text.format(
              "%s:%d: %s: given twice (expected: once in a file); the first is in line %d",
              file.name(), line, ConfigUtil.joinPath(path), first));
    }
  }

  private static List<String> join(List<String> path, String key) {
    List<String> joined = new ArrayList<>(path);
    if (!key.isEmpty()) {
      joined.addAll(ConfigUtil.splitPath(key));
    }
    return joined;
  }

  private void skipKey() {
    while ("=:{\n".indexOf(text.charAt(at)) < 0 && !text.startsWith("+=", at) && !startsComment()) {
      if (text.charAt(at) == '"') {
        skipQuoted();
      } else {
        at++;
      }
    }
  }

  /** Goes on to the comma, line end or brace that ends a value. */
  private void skipValue() {
    int depth = 0;
    while (at < text.length()) {
      char c = text.charAt(at);
      if (depth == 0 && ",\n}".indexOf(c) >= 0) {
        return;
      }
      if (c == '"') {
        skipQuoted();
      } else if (startsComment()) {
        skipLine();
      } else {
        depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
        at++;
      }
    }
  }

  private void skipSeparators() {
    while (at < text.length()) {
      if (startsComment()) {
        skipLine();
      } else if (Character.isWhitespace(text.charAt(at)) || text.charAt(at) == ',') {
        at++;
      } else {
        return;
      }
    }
  }

  private boolean startsComment() {
    return text.charAt(at) == '#' || text.startsWith("//", at);
  }

  private void skipLine() {
    int end = text.indexOf('\n', at);
    at = end < 0 ? text.length() : end;
  }

  private void skipQuoted() {
    if (text.startsWith("\"\"\"", at)) {
      at = text.indexOf("\"\"\"", at + 3) + 3;
      while (at < text.length() && text.charAt(at) == '"') {
        at++;
      }
      return;
    }
    at++;
    while (text.charAt(at) != '"') {
      at += text.charAt(at) == '\\' ? 2 : 1;
    }
    at++;
  }

  /** Returns the line of a position that is not before the last one asked for. */
  private int line(int position) {
    for (; counted < position; counted++) {
      line += text.charAt(counted) == '\n' ? 1 : 0;
    }
    return line;
  }
}
