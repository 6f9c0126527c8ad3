package org.ofaspark.criterion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import org.ofaspark.tensor.HostCopy;

/**
 * R-Drop: the divergence between two passes over the same tokens, which differ by their dropout.
 *
 * <p>With log-probabilities l and m, probabilities p and q of the two passes, summed over tokens
 * and symbols: {@code (q (m - l) + p (l - m)) / 2}, differentiated through both.
 *
 * @see <a href="https://arxiv.org/abs/2106.14448">R-Drop: Regularized Dropout for Neural
 *     Networks</a>
 */
final class Rdrop {

  private Rdrop() {}

  /**
   * Adds the derivative of the weighted divergence to that of the loss.
   *
   * @param logProbs shape (2 n, K), the first pass before the second
   * @param probs shape (2 n, K)
   * @param derivative d(loss) / d(logProbs), shape (2 n, K); changed in place
   * @param alpha weight of the divergence
   * @return the weighted divergence, shape ()
   */
  static NDArray add(NDArray logProbs, NDArray probs, NDArray derivative, float alpha) {
    long half = logProbs.getShape().get(0) / 2;
    NDArray p = rows(probs, 0, half);
    NDArray q = rows(probs, half, 2 * half);
    NDArray difference = rows(logProbs, 0, half).sub(rows(logProbs, half, 2 * half)); // l - m
    NDArray weight = HostCopy.number(logProbs, alpha / 2);

    NDArray pDifference = p.mul(difference);
    NDArray qDifference = q.mul(difference);
    NDArray pMinusQ = p.sub(q);
    rows(derivative, 0, half).addi(pDifference.add(pMinusQ).muli(weight));
    rows(derivative, half, 2 * half).subi(qDifference.add(pMinusQ).muli(weight));
    return pDifference.sub(qDifference).sum().mul(weight);
  }

  private static NDArray rows(NDArray array, long from, long to) {
    return array.get(new NDIndex().addSliceDim(from, to));
  }
}
