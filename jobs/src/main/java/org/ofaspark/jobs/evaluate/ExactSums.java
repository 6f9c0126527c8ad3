package org.ofaspark.jobs.evaluate;

import java.io.Serializable;
import java.math.BigDecimal;
import java.util.Arrays;

/**
 * Sums of numbers without rounding, so that they do not depend on the order in which the rows come
 * and the tasks end. Used by one thread.
 */
final class ExactSums implements Serializable {

  private static final long serialVersionUID = 1;

  private final BigDecimal[] finite;

  /** Sums of infinities and of what is not a number, which are the same in any order. */
  private final double[] others;

  ExactSums(int size) {
    finite = new BigDecimal[size];
    Arrays.fill(finite, BigDecimal.ZERO);
    others = new double[size];
  }

  /** Adds numbers, each to the sum in its place; returns these sums. */
  ExactSums add(double[] values) {
    for (int i = 0; i < values.length; i++) {
      if (Double.isFinite(values[i])) {
        finite[i] = finite[i].add(new BigDecimal(values[i]));
      } else {
        others[i] += values[i];
      }
    }
    return this;
  }

  /** Adds other sums; returns these. */
  ExactSums merge(ExactSums sums) {
    for (int i = 0; i < finite.length; i++) {
      finite[i] = finite[i].add(sums.finite[i]);
      others[i] += sums.others[i];
    }
    return this;
  }

  /** Returns the sums, each rounded once. */
  double[] values() {
    double[] values = new double[finite.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = others[i] == 0 ? finite[i].doubleValue() : others[i];
    }
    return values;
  }
}
