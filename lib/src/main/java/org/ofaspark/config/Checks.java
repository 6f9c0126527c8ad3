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
    if (!(value >= min && value <= max)) {
      throw new IllegalArgumentException(
          "%s: %s (expected: %s to %s)".formatted(key, value, min, max));
    }
    return value;
  }
}
