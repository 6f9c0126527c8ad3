package org.ofaspark.criterion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import org.ofaspark.tensor.HostCopy;
import org.ofaspark.tensor.ScriptedOps;

/**
 * The loss of single tokens, in closed form with its derivative.
 *
 * <p>With log-probabilities {@code l}, probabilities {@code p}, target {@code y}, smoothing {@code
 * e} and V symbols, of which K can be targets:
 *
 * <pre>
 *   loss  = -(1 - e - e_K) l[y] - e_K sum_v l[v],     e_K = e / (K - 1)
 *   bonus = (1 - e) b(p[y]) + e / V sum_v b(p[v]),    b(p) = log(1 - p), the tangent above log-end
 * </pre>
 *
 * Well-classified tokens lose their gradient under cross entropy alone; the bonus, which is never
 * positive, keeps it alive. Upstream divides the two smoothing terms by different numbers; so does
 * this class. For a log-end below 1, {@code b(p) = log(max(1 - p, 1 - logEnd)) - max(p - logEnd, 0)
 * / (1 - logEnd)} in one expression, and {@code b'(p) = -1 / max(1 - p, 1 - logEnd)}.
 *
 * <p>Works on chunks of rows, so that the temporaries of a vocabulary-wide row stay in the cache.
 *
 * @see <a href="https://arxiv.org/abs/2110.06537">Well-classified Examples are Underestimated in
 *     Classification with Deep Neural Networks</a>
 */
final class TokenLoss {

  /** Below this, 1 - p is taken for this, and has no derivative. */
  static final float MIN_COMPLEMENT = 1e-5f;

  private final double epsilon;
  private final double epsilonEach;
  private final double logEnd;
  private final int vocabulary;

  /**
   * Prepares the constants.
   *
   * @param config the criterion
   * @param vocabulary V, symbols of the dictionary
   */
  TokenLoss(CriterionConfig config, int vocabulary) {
    this.epsilon = config.labelSmoothing();
    this.logEnd = config.logEnd();
    this.vocabulary = vocabulary;
    // Upstream adds 1e-6 to the divisor when the targets are restricted.
    this.epsilonEach =
        config
            .constraintRange()
            .map(range -> epsilon / (range.size() - 1 + 1e-6))
            .orElse(epsilon / (vocabulary - 1));
  }

  /**
   * The loss of each row of a chunk.
   *
   * @param smoothed label-smoothed loss, shape (n, 1)
   * @param nll negative log-likelihood of the target, shape (n, 1)
   */
  record Parts(NDArray smoothed, NDArray nll) {}

  /**
   * Computes the label-smoothed loss of each row.
   *
   * @param logProbs shape (n, K)
   * @param targets place of each row's target, int64, shape (n, 1)
   */
  Parts parts(NDArray logProbs, NDArray targets) {
    NDArray nll = logProbs.gather(targets, 1).neg();
    NDArray smooth = logProbs.sum(new int[] {1}, true).neg();
    NDArray smoothed =
        nll.mul(number(nll, 1 - epsilon - epsilonEach)).add(smooth.mul(number(nll, epsilonEach)));
    return new Parts(smoothed, nll);
  }

  /**
   * Computes the derivative of the label-smoothed loss.
   *
   * @param logProbs shape (n, K)
   * @param targets place of each row's target, int64, shape (n, 1)
   * @return d(loss) / d(logProbs), shape (n, K)
   */
  NDArray derivative(NDArray logProbs, NDArray targets) {
    NDArray derivative = logProbs.zerosLike().subi(number(logProbs, epsilonEach));
    addAt(derivative, targets, (float) -(1 - epsilon - epsilonEach));
    return derivative;
  }

  /**
   * Computes 1 - p, not below what the bonus's logarithm starts from.
   *
   * @param probs shape (n, K)
   * @return shape (n, K)
   */
  NDArray flooredComplement(NDArray probs) {
    return complement(probs).maximum(number(probs, logEnd == 1 ? MIN_COMPLEMENT : 1 - logEnd));
  }

  /**
   * Computes the bonus of each row.
   *
   * @param probs shape (n, K)
   * @param floored see {@link #flooredComplement}
   * @param targets place of each row's target, int64, shape (n, 1)
   * @return shape (n, 1), never positive
   */
  NDArray bonus(NDArray probs, NDArray floored, NDArray targets) {
    NDArray bonus = floored.log();
    if (logEnd < 1) {
      NDArray beyond = probs.sub(number(probs, logEnd)).maximum(number(probs, 0));
      bonus.subi(beyond.muli(number(probs, 1 / (1 - logEnd))));
    }
    NDArray onTarget = bonus.gather(targets, 1).mul(number(bonus, 1 - epsilon));
    return onTarget.add(bonus.sum(new int[] {1}, true).mul(number(bonus, epsilon / vocabulary)));
  }

  /**
   * Adds the derivative of the bonus to that of the loss.
   *
   * @param probs shape (n, K)
   * @param floored see {@link #flooredComplement}
   * @param targets place of each row's target, int64, shape (n, 1)
   * @param derivative d(loss) / d(logProbs), shape (n, K); changed in place
   */
  void addBonusDerivative(NDArray probs, NDArray floored, NDArray targets, NDArray derivative) {
    NDArray slope = probs.zerosLike().subi(number(probs, epsilon / vocabulary)); // weight of each b
    addAt(slope, targets, (float) -(1 - epsilon));
    slope.divi(floored).muli(probs); // times b' = -1 / floored, times d p / d l = p
    if (logEnd == 1) {
      NDArray moves = complement(probs).gte(number(probs, MIN_COMPLEMENT));
      slope.muli(moves.toType(DataType.FLOAT32, false));
    }
    derivative.addi(slope);
  }

  /**
   * Computes by how much each row's target is likelier than the likeliest other symbol.
   *
   * @param logProbs shape (n, K); spoilt, as this saves a copy
   * @param nll negative log-likelihood of the target, shape (n, 1)
   * @param targets place of each row's target, int64, shape (n, 1)
   * @return shape (n, 1), in nats, negative where the target is not the likeliest
   */
  NDArray margins(NDArray logProbs, NDArray nll, NDArray targets) {
    addAt(logProbs, targets, -Float.MAX_VALUE);
    return ScriptedOps.rowMax(logProbs).addi(nll).negi();
  }

  private static NDArray complement(NDArray probs) {
    return probs.neg().addi(number(probs, 1));
  }

  private static NDArray number(NDArray neighbour, double value) {
    return HostCopy.number(neighbour, (float) value);
  }

  private static void addAt(NDArray array, NDArray columns, float number) {
    NDArray numbers = array.getManager().full(columns.getShape(), number, DataType.FLOAT32);
    ScriptedOps.addAt(array, columns, numbers);
  }
}
