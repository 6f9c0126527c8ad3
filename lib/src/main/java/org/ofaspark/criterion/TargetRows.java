package org.ofaspark.criterion;

import java.util.Arrays;
import org.ofaspark.text.Dictionary;

/**
 * The target positions of a micro-batch that count: no padding, and none that the criterion is told
 * to ignore. Only their features need to be projected on the vocabulary.
 */
public final class TargetRows {

  private final long[] rows;
  private final long[] targets;

  private TargetRows(long[] rows, long[] targets) {
    this.rows = rows;
    this.targets = targets;
  }

  /**
   * Selects the positions that count.
   *
   * @param targets row-major (B, N), padded with the padding symbol
   * @param samples B
   * @param config what to ignore
   */
  public static TargetRows of(long[] targets, int samples, CriterionConfig config) {
    int length = targets.length / samples;
    long[] rows = new long[targets.length];
    int count = 0;
    for (int i = 0; i < targets.length; i++) {
      boolean ignored =
          targets[i] == Dictionary.PAD
              || i % length < config.ignorePrefixSize()
              || (config.ignoreEos() && targets[i] == Dictionary.EOS);
      if (!ignored) {
        rows[count++] = i;
      }
    }
    long[] kept = Arrays.copyOf(rows, count);
    return new TargetRows(kept, Arrays.stream(kept).map(row -> targets[(int) row]).toArray());
  }

  /** Returns the numbers of the rows in the flattened batch, ascending, shape (tokens). */
  public long[] rows() {
    return rows.clone();
  }

  /** Returns the target of each row, shape (tokens). */
  public long[] targets() {
    return targets.clone();
  }

  /**
   * Returns the sample that a row belongs to.
   *
   * @param row number of the row among those that count
   * @param targetLength N, positions of a sample
   */
  public int sampleOf(int row, int targetLength) {
    return (int) (rows[row] / targetLength);
  }
}
