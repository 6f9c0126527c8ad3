package org.ofaspark.criterion;

import static org.ofaspark.config.Key.Product.ANSWERS;
import static org.ofaspark.config.Key.Product.RANKING;
import static org.ofaspark.config.Key.Product.WEIGHTS;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.ofaspark.config.Checks;
import org.ofaspark.config.Key;

/**
 * Label-smoothed cross entropy: upstream's {@code criterions/label_smoothed_cross_entropy.py}.
 *
 * <p>With log-probabilities {@code l} of K symbols, target {@code y} and smoothing {@code e}:
 *
 * <pre>
 *   loss = -(1 - e - e_K) l[y] - e_K sum_v l[v],     e_K = e / (K - 1)
 * </pre>
 *
 * @param labelSmoothing share of the target's mass spread over all symbols, 0 to 1; 0 turns it off
 */
public record CrossEntropy(@Key(decides = {WEIGHTS, RANKING, ANSWERS}) double labelSmoothing)
    implements Objective {

  /** The name in recipes. */
  public static final String NAME = "adjust_label_smoothed_cross_entropy";

  /** Checks the range. */
  public CrossEntropy {
    Checks.inRange("criterion.label-smoothing", labelSmoothing, 0, 1);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String title() {
    return "label-smoothed cross entropy";
  }

  @Override
  public TokenTerms terms(TokenChunk chunk) {
    return new Smoothed(chunk, labelSmoothing);
  }

  /** The label-smoothed loss of a chunk, which other objectives add to. */
  static final class Smoothed implements TokenTerms {
    private final TokenChunk chunk;
    private final double epsilonEach;
    private final double rest;
    private final NDArray nll; // (n, 1)
    private final NDArray loss; // (n, 1)

    Smoothed(TokenChunk chunk, double epsilon) {
      this.chunk = chunk;
      this.epsilonEach = epsilon / chunk.otherSymbols();
      this.rest = 1 - epsilon - epsilonEach;
      this.nll = chunk.logProbs().gather(chunk.targets(), 1).neg();
      NDArray smooth = chunk.logProbs().sum(new int[] {1}, true).neg();
      this.loss = nll.mul(chunk.number(rest)).add(smooth.mul(chunk.number(epsilonEach)));
    }

    @Override
    public NDList terms() {
      return new NDList(loss);
    }

    @Override
    public NDArray nll() {
      return nll;
    }

    @Override
    public NDArray derivative() {
      NDArray derivative = chunk.logProbs().zerosLike().subi(chunk.number(epsilonEach));
      TokenChunk.addAt(derivative, chunk.targets(), (float) -rest);
      return derivative;
    }
  }
}
