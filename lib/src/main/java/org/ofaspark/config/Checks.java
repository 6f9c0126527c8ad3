package org.ofaspark.config;

/** Argument checks whose messages say what was given, what was expected and where to fix it. */
public final class Checks {

  private Checks() {}

  /**
   * Checks that a recipe value lies in a closed range.
   *
   * @param key the recipe key, as the user writes it
   * @param value the value given
   * @param min the smallest value allowed
   * @param max the largest value allowed
   * @return {@code value}
   * @throws IllegalArgumentException if {@code value} is NaN or outside {@code [min, max]}
   */
  public static double inRange(String key, double value, double min, double max) {
    that(key, value, value >= min && value <= max, min + " to " + max);
    return value;
  }

  /**
   * Checks that a recipe value is not too small.
   *
   * @param key the recipe key, as the user writes it
   * @param value the value given
   * @param min the smallest value allowed
   * @return {@code value}
   * @throws IllegalArgumentException if {@code value} is below {@code min}
   */
  public static long atLeast(String key, long value, long min) {
    that(key, value, value >= min, "at least " + min);
    return value;
  }

  /**
   * Checks that a recipe value divides another.
   *
   * @param key the recipe key, as the user writes it
   * @param value the value given
   * @param whole what it has to divide
   * @throws IllegalArgumentException if {@code value} is below 1 or leaves a remainder
   */
  public static void divides(String key, long value, long whole) {
    that(key, value, value > 0 && whole % value == 0, "a divisor of " + whole);
  }

  /**
   * Checks that a recipe value keeps a rule.
   *
   * @param key the recipe key, as the user writes it
   * @param value the value given
   * @param kept whether it keeps the rule
   * @param rule the rule, in words that follow "expected:"
   * @throws IllegalArgumentException if {@code kept} is false
   */
  public static void that(String key, Object value, boolean kept, String rule) {
    if (!kept) {
      throw new IllegalArgumentException(Text.format("%s: %s (expected: %s)", key, value, rule));
    }
  }
}
