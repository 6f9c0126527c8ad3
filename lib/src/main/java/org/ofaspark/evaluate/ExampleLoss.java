package org.ofaspark.evaluate;

/**
 * The loss of one example: sums over its target tokens that count, in nats.
 *
 * @param loss the loss that is minimized
 * @param nllLoss negative log-likelihood
 * @param tokens how many tokens count
 * @param correct how many of them are the likeliest symbol
 */
public record ExampleLoss(double loss, double nllLoss, int tokens, int correct) {

  ExampleLoss plus(double tokenLoss, double tokenNll, boolean isHit) {
    return new ExampleLoss(
        loss + tokenLoss, nllLoss + tokenNll, tokens + 1, correct + (isHit ? 1 : 0));
  }
}
