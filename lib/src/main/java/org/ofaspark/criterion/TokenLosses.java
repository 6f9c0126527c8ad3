package org.ofaspark.criterion;

import java.util.stream.IntStream;

/** The parts of the loss of single tokens, in nats. */
public final class TokenLosses {

  private final float[] values; // (tokens, width): terms, nll, hit, numbers
  private final Objective objective;
  private final int terms;
  private final int width;

  /**
   * Reads what a device has computed.
   *
   * @param values a row for each token: terms, nll, hit, numbers
   * @param objective what they are of
   */
  TokenLosses(float[] values, Objective objective) {
    this.values = values;
    this.objective = objective;
    this.terms = objective.terms();
    this.width = terms + 2 + objective.numbers();
  }

  /** Returns the number of tokens. */
  public int size() {
    return values.length / width;
  }

  /**
   * Returns one of the {@linkplain Objective.TokenTerms#terms terms} of the loss.
   *
   * @param token number of the token
   * @param term number of the term
   */
  public double term(int token, int term) {
    return values[token * width + term];
  }

  /**
   * Returns the negative log-likelihood of the target.
   *
   * @param token its number
   */
  public double nll(int token) {
    return values[token * width + terms];
  }

  /**
   * Tells whether the target is the likeliest symbol.
   *
   * @param token its number
   */
  public boolean isHit(int token) {
    return values[token * width + terms + 1] > 0;
  }

  /**
   * Returns what a token adds to {@link Objective#sums}, in their order.
   *
   * @param token its number
   */
  public double[] sums(int token) {
    return objective.sumsOf(nll(token), numbers(token * width + terms + 2, values, objective));
  }

  /** Returns the numbers of a token, which start at a position. */
  static double[] numbers(int from, float[] values, Objective objective) {
    return IntStream.range(from, from + objective.numbers()).mapToDouble(i -> values[i]).toArray();
  }

  long correct() {
    return IntStream.range(0, size()).filter(this::isHit).count();
  }

  /** Returns the first term of each token, which token dropping goes by. */
  float[] firstTerms() {
    float[] first = new float[size()];
    for (int i = 0; i < first.length; i++) {
      first[i] = values[i * width];
    }
    return first;
  }
}
