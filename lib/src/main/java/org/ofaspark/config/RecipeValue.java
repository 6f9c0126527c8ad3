package org.ofaspark.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A value of a recipe on its way to a type. Nothing is converted from one type to another, but that
 * a number can be a text. What does not fit is a {@link RecipeException}.
 *
 * @param path its key with all groups
 * @param value as parsed
 * @param expected what it should be, in words that follow "expected:"
 */
record RecipeValue(String path, ConfigValue value, String expected) {

  /** A URI that carries a password, which would end up in logs and in the run's directory. */
  private static final Pattern PASSWORD = Pattern.compile("^[\\w+.-]+://[^/@]*:[^/]*@.*");

  /** The largest number below which a double holds every integer. */
  private static final long EXACT = 1L << 53;

  private static final String KEY = "value";

  void requireGroup() {
    if (!is(ConfigValueType.OBJECT)) {
      throw wrong();
    }
  }

  int integer() {
    long number = longInteger();
    if (number != (int) number) {
      throw expecting("an integer of 32 bits").wrong();
    }
    return (int) number;
  }

  long longInteger() {
    if (value.unwrapped() instanceof Number number) {
      long whole = number.longValue();
      if (!(number instanceof Double) || (whole == number.doubleValue() && whole < EXACT)) {
        return whole;
      }
    }
    throw wrong();
  }

  double decimal() {
    if (value.unwrapped() instanceof Number number && Double.isFinite(number.doubleValue())) {
      return number.doubleValue();
    }
    throw wrong();
  }

  boolean flag() {
    if (value.unwrapped() instanceof Boolean flag) {
      return flag;
    }
    throw wrong();
  }

  String text() {
    boolean isText = is(ConfigValueType.STRING) || is(ConfigValueType.NUMBER);
    String text = isText ? written() : "";
    if (text.isBlank()) {
      throw wrong();
    }
    if (PASSWORD.matcher(text).matches()) {
      throw new RecipeException(
          Text.format(
              "%s: %s: a URI with a password (expected: one without); use Hadoop's credential"
                  + " providers",
              place(), path));
    }
    return text;
  }

  <T> T choice(Map<String, T> byName) {
    T chosen = byName.get(String.valueOf(value.unwrapped()));
    if (chosen == null) {
      throw wrong();
    }
    return chosen;
  }

  Duration duration() {
    if (is(ConfigValueType.NUMBER)) {
      return Duration.ofMillis(Math.round(1000 * decimal()));
    }
    try {
      return alone().getDuration(KEY);
    } catch (ConfigException e) {
      throw wrong();
    }
  }

  int bytes() {
    if (is(ConfigValueType.NUMBER)) {
      return integer();
    }
    try {
      return Math.toIntExact(alone().getBytes(KEY));
    } catch (ConfigException | ArithmeticException e) {
      throw wrong();
    }
  }

  /**
   * Reads the items of a list, of a text with commas, or of a single number.
   *
   * @param type of each item
   */
  <T> List<T> items(ValueType<T> type) {
    if (is(ConfigValueType.OBJECT) || is(ConfigValueType.BOOLEAN)) {
      throw wrong();
    }
    return parts().stream()
        .map(part -> type.read(new RecipeValue(path, part, type.expected())))
        .toList();
  }

  private List<ConfigValue> parts() {
    if (value instanceof ConfigList list) {
      return List.copyOf(list);
    }
    if (value.unwrapped() instanceof String text) {
      return Arrays.stream(text.split(",", -1)).map(part -> part(part.strip())).toList();
    }
    return List.of(value);
  }

  private ConfigValue part(String text) {
    ConfigValue part = Overrides.value(text);
    boolean isPlain = part.atKey(KEY).isResolved();
    return (isPlain ? part : ConfigValueFactory.fromAnyRef(text)).withOrigin(value.origin());
  }

  /** Returns what is wrong with the value, where, and what it should be. */
  RecipeException wrong() {
    return new RecipeException(message());
  }

  String message() {
    String given =
        is(ConfigValueType.NUMBER) ? written() : value.render(ConfigRenderOptions.concise());
    return Text.format("%s: %s: %s (expected: %s)", place(), path, given, expected);
  }

  private RecipeValue expecting(String other) {
    return new RecipeValue(path, value, other);
  }

  private boolean is(ConfigValueType type) {
    return value.valueType() == type;
  }

  private String place() {
    return RecipeParser.place(value.origin());
  }

  /** Returns a text or a number as it is written in the recipe. */
  private String written() {
    return alone().getString(KEY);
  }

  private Config alone() {
    return value.atKey(KEY);
  }
}
