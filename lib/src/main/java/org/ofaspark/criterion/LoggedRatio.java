package org.ofaspark.criterion;

import java.io.Serializable;
import java.util.List;

/**
 * A number of the training log that is the quotient of sums, see {@link Objective#sums}.
 *
 * @param name its key in the log
 * @param chart title of the report's chart that shows it
 * @param series what that chart calls it
 * @param numerator name of a sum
 * @param denominators names of sums that are added up
 */
public record LoggedRatio(
    String name, String chart, String series, String numerator, List<String> denominators)
    implements Serializable {

  /** Copies the list. */
  public LoggedRatio {
    denominators = List.copyOf(denominators);
  }

  /**
   * Returns the quotient, 0 if the denominators add up to 0.
   *
   * @param sums of an interval's tokens
   */
  public double of(LossSums sums) {
    double denominator = denominators.stream().mapToDouble(sums::get).sum();
    return denominator == 0 ? 0 : sums.get(numerator) / denominator;
  }
}
