package org.ofaspark.criterion;

import java.util.stream.IntStream;

/** The parts of the loss of single tokens, in nats. */
public final class TokenLosses {

  private static final int PARTS = 5;

  private final float[] values; // (tokens, 5): smoothed loss, nll, bonus, hit, margin

  TokenLosses(float[] values) {
    this.values = values;
  }

  /** Returns the number of tokens. */
  public int size() {
    return values.length / PARTS;
  }

  /**
   * Returns the label-smoothed loss, without the bonus.
   *
   * @param token its number
   */
  public double smoothed(int token) {
    return values[token * PARTS];
  }

  /**
   * Returns the negative log-likelihood of the target.
   *
   * @param token its number
   */
  public double nll(int token) {
    return values[token * PARTS + 1];
  }

  /**
   * Returns the encouraging bonus, never positive; 0 for cross entropy.
   *
   * @param token its number
   */
  public double bonus(int token) {
    return values[token * PARTS + 2];
  }

  /**
   * Tells whether the target is the likeliest symbol.
   *
   * @param token its number
   */
  public boolean isHit(int token) {
    return values[token * PARTS + 3] > 0;
  }

  /**
   * Returns what the Encouraging Loss finds in a token.
   *
   * @param token its number
   * @param logEnd probability above which the bonus goes on linearly
   */
  public BonusSums bonusSums(int token, double logEnd) {
    return BonusSums.of(nll(token), values[token * PARTS + 4], logEnd);
  }

  long correct() {
    return IntStream.range(0, size()).filter(this::isHit).count();
  }

  /** Returns the label-smoothed loss of each token, without the bonus. */
  float[] smoothed() {
    float[] smoothed = new float[size()];
    for (int i = 0; i < smoothed.length; i++) {
      smoothed[i] = values[i * PARTS];
    }
    return smoothed;
  }
}
