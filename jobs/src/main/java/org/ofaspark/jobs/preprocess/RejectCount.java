package org.ofaspark.jobs.preprocess;

import java.util.Comparator;

/**
 * How often rows are rejected for a reason. In order, the most frequent reason comes first.
 *
 * @param reason the reason's code
 * @param rows how many rows
 * @param file of the first of them
 * @param line of the first of them, in its file
 * @param message of the first of them
 */
record RejectCount(String reason, long rows, String file, long line, String message)
    implements Comparable<RejectCount> {

  private static final Comparator<RejectCount> ORDER =
      Comparator.comparingLong(RejectCount::rows).reversed().thenComparing(RejectCount::reason);

  @Override
  public int compareTo(RejectCount other) {
    return ORDER.compare(this, other);
  }
}
