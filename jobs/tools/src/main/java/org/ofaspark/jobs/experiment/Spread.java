package org.ofaspark.jobs.experiment;

import java.util.List;
import java.util.Locale;

/**
 * Mean and spread of what several runs gave.
 *
 * @param mean of the numbers
 * @param deviation their sample standard deviation; 0 for a single one
 */
record Spread(double mean, double deviation) {

  /** Returns the spread of numbers, at least one. */
  static Spread of(List<Double> numbers) {
    double mean = numbers.stream().mapToDouble(number -> number).average().orElseThrow();
    double squares = numbers.stream().mapToDouble(number -> Math.pow(number - mean, 2)).sum();
    return new Spread(mean, numbers.size() < 2 ? 0 : Math.sqrt(squares / (numbers.size() - 1)));
  }

  /**
   * Returns both as text.
   *
   * @param format of a number
   */
  String text(String format) {
    return String.format(Locale.ROOT, format + " ± " + format, mean, deviation);
  }
}
