package org.ofaspark.criterion;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Which tokens of a micro-batch the loss is summed over.
 *
 * <p>The worst tokens, those of largest loss, are left out first, then the best of what is left; of
 * equal ones the earlier counts as the better. With R-Drop a token and its twin of the second pass
 * stay or go together, by the loss of the first.
 */
final class TokenSelection {

  private final int[] rows;
  private final long[] pairedTargets;

  private TokenSelection(int[] rows, long[] pairedTargets) {
    this.rows = rows;
    this.pairedTargets = pairedTargets;
  }

  /**
   * Returns the rows to sum over; with R-Drop row i of the first half pairs with i of the second.
   */
  int[] rows() {
    return rows;
  }

  /** Returns {@link TokenChunk#pairedTargets} of each row. */
  long[] pairedTargets() {
    return pairedTargets;
  }

  /** Keeps every token. */
  static TokenSelection all(long[] targets) {
    return new TokenSelection(IntStream.range(0, targets.length).toArray(), targets);
  }

  /** Tells whether a selection depends on the losses of the tokens. */
  static boolean needsLosses(CriterionConfig config, long updateNumber) {
    return config.worstTokens().at(updateNumber).isOn()
        || config.bestTokens().at(updateNumber).isOn()
        || pairsWrongly(config, updateNumber);
  }

  /** Upstream sorts all tokens by loss before it pairs them. */
  private static boolean pairsWrongly(CriterionConfig config, long updateNumber) {
    return config.upstreamCompat()
        && config.objective().pairsWrongTokensUpstream()
        && config.useRdrop()
        && updateNumber > 0;
  }

  /**
   * Selects tokens by their losses.
   *
   * @param losses first term of each token's loss; with R-Drop both passes, one after the other
   * @param targets target of each token
   */
  static TokenSelection of(
      float[] losses, long[] targets, CriterionConfig config, long updateNumber) {
    int[] kept = keep(losses, config, updateNumber);
    if (!pairsWrongly(config, updateNumber)) {
      return new TokenSelection(kept, targetsOf(kept, targets));
    }
    int[] places = IntStream.range(0, kept.length).toArray();
    int[] sorted =
        Arrays.stream(places)
            .boxed()
            .sorted(Comparator.comparingDouble(place -> -losses[kept[place]]))
            .mapToInt(place -> place)
            .toArray();
    int[] rows = Arrays.stream(sorted).map(place -> kept[place]).toArray();
    return new TokenSelection(rows, targetsOf(sorted, targets)); // places, not rows, as upstream
  }

  private static int[] keep(float[] losses, CriterionConfig config, long updateNumber) {
    int passes = config.useRdrop() ? 2 : 1;
    int tokens = losses.length / passes;
    Drop worst = config.worstTokens().at(updateNumber);
    Drop best = config.bestTokens().at(updateNumber);
    int to = worst.kept(tokens);
    int from = best.isOn() ? to - best.kept(to) : 0;
    int[] kept = Arrays.copyOfRange(byLoss(losses, tokens), from, to);
    if (!worst.isOn() || !config.upstreamCompat()) {
      Arrays.sort(
          kept); // upstream keeps the order of losses, which matters to its wrong pairs only
    }
    return passes == 1
        ? kept
        : IntStream.concat(Arrays.stream(kept), Arrays.stream(kept).map(row -> row + tokens))
            .toArray();
  }

  /** Returns the first tokens in the order of their losses, smallest first, NaN last. */
  private static int[] byLoss(float[] losses, int tokens) {
    return IntStream.range(0, tokens)
        .boxed()
        .sorted(Comparator.comparingDouble(row -> losses[row]))
        .mapToInt(row -> row)
        .toArray();
  }

  private static long[] targetsOf(int[] rows, long[] targets) {
    return Arrays.stream(rows).mapToLong(row -> targets[row]).toArray();
  }
}
