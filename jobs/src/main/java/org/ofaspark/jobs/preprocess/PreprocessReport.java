package org.ofaspark.jobs.preprocess;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.table.TableInfo.SplitCounts;

/**
 * What a run made.
 *
 * @param table where the table is
 * @param rejects where the rejected rows are
 * @param splits counts of each split
 * @param dictionarySize symbols of the dictionary, special ones included
 */
public record PreprocessReport(
    String table, String rejects, Map<String, SplitCounts> splits, int dictionarySize) {

  /** Copies the counts. */
  public PreprocessReport {
    splits = new TreeMap<>(splits);
  }

  /** Returns how many rows were read. */
  public long read() {
    return splits.values().stream().mapToLong(SplitCounts::read).sum();
  }

  /** Returns how many rows were rejected. */
  public long rejected() {
    return read() - splits.values().stream().mapToLong(SplitCounts::examples).sum();
  }

  /**
   * Returns the report in a few lines.
   *
   * @param seconds how long the run took
   */
  public String text(double seconds) {
    List<String> lines = new ArrayList<>();
    lines.add(Text.format("%,d rows in %.0f s, %.0f a second", read(), seconds, read() / seconds));
    splits.forEach((split, counts) -> lines.add(entry(split, text(counts))));
    lines.add(entry("dictionary", Text.format("%,d symbols", dictionarySize)));
    lines.add(entry("table", table));
    if (rejected() > 0) {
      lines.add(entry("rejected", rejects));
    }
    return String.join("\n", lines);
  }

  private static String entry(String name, String value) {
    return Text.format("%-11s %s", name, value);
  }

  /**
   * Returns the counts of a split in a line.
   *
   * @param counts the counts
   */
  static String text(SplitCounts counts) {
    String reasons =
        counts.rejected().entrySet().stream()
            .map(entry -> Text.format("%s %d", entry.getKey(), entry.getValue()))
            .collect(Collectors.joining(", "));
    return Text.format(
        "%,d rows, %,d examples, %,d rejected%s",
        counts.read(),
        counts.examples(),
        counts.read() - counts.examples(),
        reasons.isEmpty() ? "" : ": " + reasons);
  }
}
