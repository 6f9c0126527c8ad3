package org.ofaspark.criterion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import org.jspecify.annotations.Nullable;
import org.ofaspark.tensor.HostCopy;
import org.ofaspark.tensor.ScriptedOps;

/**
 * Some target tokens with what the network says of them: few enough that the temporaries of
 * vocabulary-wide rows stay in the cache. Its arrays belong to the current scope. Used by one
 * thread.
 */
public final class TokenChunk {

  private final NDArray logProbs;
  private final NDArray targets;
  private final NDArray pairedTargets;
  private final Symbols symbols;
  private @Nullable NDArray probs;

  /**
   * The symbols that can be targets.
   *
   * @param vocabulary V, symbols of the dictionary
   * @param others how many a target's smoothing is spread over, as upstream counts them
   */
  record Symbols(int vocabulary, double others) {}

  /**
   * Describes tokens.
   *
   * @param logProbs float32, shape (n, K)
   * @param targets int64, shape (n, 1)
   * @param pairedTargets int64, shape (n, 1)
   * @param symbols the symbols
   */
  TokenChunk(NDArray logProbs, NDArray targets, NDArray pairedTargets, Symbols symbols) {
    this.logProbs = logProbs;
    this.targets = targets;
    this.pairedTargets = pairedTargets;
    this.symbols = symbols;
  }

  /** Returns log-probabilities of the K symbols that can be targets, float32, shape (n, K). */
  public NDArray logProbs() {
    return logProbs;
  }

  /** Returns their probabilities, float32, shape (n, K). */
  public NDArray probs() {
    if (probs == null) {
      probs = logProbs.exp();
    }
    return probs;
  }

  /** Returns the place of each token's target among the K symbols, int64, shape (n, 1). */
  public NDArray targets() {
    return targets;
  }

  /**
   * Returns {@link #targets}, but under {@link Objective#pairsWrongTokensUpstream} those that
   * upstream mistakes for them, int64, shape (n, 1).
   */
  public NDArray pairedTargets() {
    return pairedTargets;
  }

  /** Returns V, the number of symbols of the dictionary. */
  public int vocabulary() {
    return symbols.vocabulary();
  }

  /**
   * Returns how many symbols a target's label smoothing is spread over: V - 1, or where targets are
   * restricted K - 1 and, as upstream has it, 1e-6.
   */
  public double otherSymbols() {
    return symbols.others();
  }

  /**
   * Returns a number as an array that operations take without a copy from the host.
   *
   * @param value the number
   * @return float32, shape (), not to be changed
   */
  public NDArray number(double value) {
    return HostCopy.number(logProbs, (float) value);
  }

  /**
   * Adds a number to one column of each row.
   *
   * @param array float32, shape (n, K); changed in place
   * @param columns int64, shape (n, 1)
   * @param number what is added
   */
  public static void addAt(NDArray array, NDArray columns, float number) {
    NDArray numbers = array.getManager().full(columns.getShape(), number, DataType.FLOAT32);
    ScriptedOps.addAt(array, columns, numbers);
  }
}
