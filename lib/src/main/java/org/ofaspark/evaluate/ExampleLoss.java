package org.ofaspark.evaluate;

import java.util.List;
import org.ofaspark.criterion.LossSums;

/**
 * The loss of one example: sums over its target tokens that count, in nats.
 *
 * @param terms what the loss is the sum of, see {@link org.ofaspark.criterion.Objective.TokenTerms}
 * @param nllLoss negative log-likelihood
 * @param tokens how many tokens count
 * @param correct how many of them are the likeliest symbol
 * @param sums what the objective counts of them, see {@link org.ofaspark.criterion.Objective#sums}
 */
public record ExampleLoss(
    List<Double> terms, double nllLoss, int tokens, int correct, LossSums sums) {

  /** Copies the list. */
  public ExampleLoss {
    terms = List.copyOf(terms);
  }

  /** Returns the loss that is minimized, the sum of its terms. */
  public double loss() {
    return terms.stream().reduce(0.0, Double::sum);
  }
}
