package org.ofaspark.config;

import java.time.Duration;
import java.util.List;
import java.util.function.Function;

/**
 * A type of a recipe's values.
 *
 * @param <T> what a value is read as
 */
public final class ValueType<T> {

  /** An integer of 32 bits. */
  public static final ValueType<Integer> INTEGER =
      new ValueType<>("an integer", RecipeValue::integer, 0);

  /** An integer of 64 bits. */
  public static final ValueType<Long> LONG =
      new ValueType<>("an integer", RecipeValue::longInteger, 1L);

  /** A finite number. */
  public static final ValueType<Double> DECIMAL =
      new ValueType<>("a number", RecipeValue::decimal, 1.0);

  /** A truth value. */
  public static final ValueType<Boolean> FLAG =
      new ValueType<>("true or false", RecipeValue::flag, false);

  /** A text that is not blank, nor a URI with a password. */
  public static final ValueType<String> TEXT = new ValueType<>("text", RecipeValue::text, "x");

  /** A text such as {@code 2 minutes}, or a number of seconds. */
  public static final ValueType<Duration> DURATION =
      new ValueType<>(
          "a number of seconds, or a duration such as 2 minutes",
          RecipeValue::duration,
          Duration.ofSeconds(1));

  /** The size of something held in memory: a number of bytes, or a text such as {@code 16 MiB}. */
  public static final ValueType<Integer> BYTES =
      new ValueType<>(
          "a number of bytes, or a size such as 16 MiB, below 2 GiB", RecipeValue::bytes, 0);

  /** Integers of 32 bits. */
  public static final ValueType<List<Integer>> INTEGERS =
      new ValueType<>("a list of integers", list -> list.items(INTEGER), List.of());

  /** Finite numbers. */
  public static final ValueType<List<Double>> DECIMALS =
      new ValueType<>("a list of numbers", list -> list.items(DECIMAL), List.of());

  /** Texts as {@link #TEXT}. */
  public static final ValueType<List<String>> TEXTS =
      new ValueType<>("a list of texts", list -> list.items(TEXT), List.of());

  private final String expected;
  private final Function<RecipeValue, T> reader;
  private final T substitute;

  ValueType(String expected, Function<RecipeValue, T> reader, T substitute) {
    this.expected = expected;
    this.reader = reader;
    this.substitute = substitute;
  }

  /** Returns what a value should be, in words that follow "expected:". */
  String expected() {
    return expected;
  }

  /**
   * Reads a value.
   *
   * @throws RecipeException if it is of another type
   */
  T read(RecipeValue value) {
    return reader.apply(value);
  }

  /** Returns what a section that collects mistakes goes on with. */
  T substitute() {
    return substitute;
  }
}
