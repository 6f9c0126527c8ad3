package org.ofaspark.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.stream.LongStream;
import org.ofaspark.text.Dictionary;

/** The symbols that are drawn from, for each row of a batch. */
final class LikelySymbols {

  /** Symbols to look at first for those that have a given probability together. */
  private static final int FEW = 256;

  private final int count;
  private final double share;
  private final float[] logProbs; // (R, count)
  private final long[] tokens; // (R, count)

  private LikelySymbols(NDArray all, int count, double share) {
    NDList best = all.topK(count, 1);
    this.count = count;
    this.share = share;
    this.logProbs = best.get(0).toFloatArray();
    this.tokens = best.get(1).toLongArray();
  }

  /** Takes all symbols in the dictionary's order, which costs no sorting. */
  private LikelySymbols(NDArray all) {
    this.count = (int) all.getShape().get(1);
    this.share = 1;
    this.logProbs = all.toFloatArray();
    this.tokens = LongStream.range(0, logProbs.length).map(i -> i % count).toArray();
  }

  /**
   * Finds the symbols.
   *
   * @param logProbs shape (R, V)
   * @param sampling which symbols are wanted
   */
  static LikelySymbols of(NDArray logProbs, Sampling sampling) {
    int vocabulary = (int) logProbs.getShape().get(1);
    if (sampling.topk() > 0) {
      return new LikelySymbols(logProbs, Math.min(sampling.topk(), vocabulary), 1);
    }
    if (sampling.topp() > 0) {
      var few = new LikelySymbols(logProbs, Math.min(FEW, vocabulary), sampling.topp());
      if (few.haveShare()) {
        return few;
      }
    }
    return sampling.topp() > 0
        ? new LikelySymbols(logProbs, vocabulary, sampling.topp())
        : new LikelySymbols(logProbs);
  }

  private boolean haveShare() {
    for (int row = 0; row < logProbs.length / count; row++) {
      if (mass(row, wanted(row)) < share) {
        return false;
      }
    }
    return true;
  }

  /** Returns how many symbols of a row are drawn from: the fewest that have the share together. */
  private int wanted(int row) {
    double sum = 0;
    int wanted = 0;
    while (wanted < count && sum < share) {
      sum += probability(row, wanted);
      wanted++;
    }
    return wanted;
  }

  private double mass(int row, int symbols) {
    double sum = 0;
    for (int i = 0; i < symbols; i++) {
      sum += probability(row, i);
    }
    return sum;
  }

  private double probability(int row, int place) {
    return Math.exp(logProbs[row * count + place]);
  }

  /**
   * Draws what a hypothesis goes on with.
   *
   * @param row the hypothesis
   * @param uniform a random number, 0 to below 1
   * @return a symbol that is not forbidden; the end symbol, with a score of negative infinity, if
   *     all are
   */
  Candidate draw(Row row, double uniform) {
    int wanted = wanted(row.number());
    double rest = uniform * mass(row.number(), wanted);
    int last = -1;
    for (int i = 0; i < wanted && rest >= 0; i++) {
      double probability = probability(row.number(), i);
      if (probability > 0) {
        last = i;
      }
      rest -= probability;
    }
    if (last < 0) {
      return new Candidate(row, Dictionary.EOS, Float.NEGATIVE_INFINITY);
    }
    int drawn = row.number() * count + last;
    return new Candidate(row, (int) tokens[drawn], row.score() + logProbs[drawn]);
  }
}
