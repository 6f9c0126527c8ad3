package org.ofaspark.jobs.metrics;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Rows of words in columns as wide as their longest word, set to the right. */
final class TextTable {

  private TextTable() {}

  /**
   * Sets a table.
   *
   * @param rows all of one length
   */
  static String of(List<List<String>> rows) {
    int[] widths =
        IntStream.range(0, rows.get(0).size())
            .map(column -> rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0))
            .toArray();
    return rows.stream().map(row -> line(row, widths)).collect(Collectors.joining());
  }

  private static String line(List<String> row, int[] widths) {
    return IntStream.range(0, widths.length)
            .mapToObj(
                column -> " ".repeat(widths[column] - row.get(column).length()) + row.get(column))
            .collect(Collectors.joining("  ", "  ", ""))
            .stripTrailing()
        + "\n";
  }
}
