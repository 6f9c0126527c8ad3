package org.ofaspark.jobs.bench;

import java.io.Serializable;
import java.util.Collections;
import java.util.List;

/**
 * How long the rounds of some work took.
 *
 * @param seconds of each round, at least one
 */
record Rounds(List<Double> seconds) implements Serializable {

  Rounds {
    seconds = List.copyOf(seconds);
    if (seconds.isEmpty()) {
      throw new IllegalArgumentException("rounds: none (expected: at least 1)");
    }
  }

  double best() {
    return Collections.min(seconds);
  }

  double median() {
    List<Double> sorted = seconds.stream().sorted().toList();
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(middle)
        : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }

  /**
   * Returns a speed.
   *
   * @param what was done
   * @param unit such as {@code samples/s}
   * @param amount of that unit done in a round
   */
  Measurement rate(String what, String unit, double amount) {
    return new Measurement(what, unit, amount / median(), amount / best(), seconds.size());
  }

  /**
   * Returns a duration.
   *
   * @param what was done
   * @param unit such as {@code ms}
   * @param perSecond how many of that unit a second has
   */
  Measurement duration(String what, String unit, double perSecond) {
    return new Measurement(what, unit, median() * perSecond, best() * perSecond, seconds.size());
  }
}
