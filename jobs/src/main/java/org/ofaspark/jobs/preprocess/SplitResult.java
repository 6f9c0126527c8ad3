package org.ofaspark.jobs.preprocess;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.table.TableInfo.SplitCounts;

/**
 * What became of a split.
 *
 * @param split the split's name
 * @param read lines of the input
 * @param examples rows of the table
 * @param rejects rejected rows by reason, the most frequent first
 */
record SplitResult(String split, long read, long examples, List<Rejects.Count> rejects) {

  private static final int REASONS_TOLD = 3;

  /** Returns how many rows are rejected. */
  long rejected() {
    return rejects.stream().mapToLong(Rejects.Count::rows).sum();
  }

  /** Returns the counts as they stand beside the table. */
  SplitCounts counts() {
    Map<String, Long> byReason =
        rejects.stream().collect(Collectors.toMap(Rejects.Count::reason, Rejects.Count::rows));
    return new SplitCounts(read, examples, byReason);
  }

  /**
   * Checks that every line of the input is somewhere.
   *
   * @throws IllegalStateException if not
   */
  void requireAllRows() {
    if (examples + rejected() != read) {
      throw new IllegalStateException(
          Text.format(
                  "split %s: %d examples and %d rejected rows (expected: %d rows in all, as were"
                      + " read);",
                  split, examples, rejected(), read)
              + " run again, with an input that stays as it is");
    }
  }

  /**
   * Checks that few enough rows are rejected, and that there is an example at all.
   *
   * @param maxRatio share of rejected rows that is accepted
   * @param directory of the rejected rows
   * @throws IllegalArgumentException if not, with the worst reasons and an example of each
   */
  void requireGoodRows(double maxRatio, String directory) {
    if (rejected() > maxRatio * read) {
      throw new IllegalArgumentException(
          Text.format(
              "preprocess.max-reject-ratio: %s in split %s, %d of %d rows (expected: at most %s);"
                  + " %s; see %s",
              ratio(), split, rejected(), read, maxRatio, worstReasons(), directory));
    }
    if (examples == 0) {
      throw new IllegalArgumentException(
          Text.format(
              "%s: no examples in %d rows (expected: at least one)", SplitFiles.key(split), read));
    }
  }

  private String ratio() {
    return Text.format("%.4g", (double) rejected() / read);
  }

  private String worstReasons() {
    return rejects.stream()
        .limit(REASONS_TOLD)
        .map(
            reject ->
                Text.format(
                    "%s %d times, first in %s line %d (%s)",
                    reject.reason(), reject.rows(), reject.file(), reject.line(), reject.message()))
        .collect(Collectors.joining("; "));
  }
}
