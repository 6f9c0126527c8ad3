package org.ofaspark.jobs.preprocess;

import java.util.ArrayList;
import java.util.List;

/**
 * The input of a split.
 *
 * @param split the split's name
 * @param files its files, in their order; at least one of them is not empty
 */
record SplitFiles(String split, List<InputFile> files) {

  /** Less is not worth a task of its own, nor a file of the table. */
  private static final long MIN_BYTES = 16L << 20;

  /** Tasks for each core, so that none waits long for the slowest. */
  private static final int WAVES = 2;

  /**
   * Returns what in the recipe names the files of a split.
   *
   * @param split the split's name
   */
  static String key(String split) {
    return "preprocess.input." + split;
  }

  /** Returns how many bytes are stored. */
  long bytes() {
    return files.stream().mapToLong(InputFile::length).sum();
  }

  /**
   * Returns how much a task should read.
   *
   * @param cores how many tasks run at a time
   * @param maxBytes the most that a task should read
   */
  long taskBytes(int cores, long maxBytes) {
    return Math.min(maxBytes, Math.max(MIN_BYTES, bytes() / ((long) WAVES * cores) + 1));
  }

  /**
   * Divides the files into the ranges that tasks read.
   *
   * @param taskBytes how much a task should read: a larger file is divided if it can be, smaller
   *     ones share a task
   * @return for each task its ranges, all in the order of the files
   */
  List<List<InputRange>> tasks(long taskBytes) {
    List<List<InputRange>> tasks = new ArrayList<>();
    List<InputRange> task = new ArrayList<>();
    long bytes = 0;
    for (InputRange range : ranges(taskBytes)) {
      long length = range.end() - range.start();
      if (!task.isEmpty() && bytes + length > taskBytes) {
        tasks.add(task);
        task = new ArrayList<>();
        bytes = 0;
      }
      task.add(range);
      bytes += length;
    }
    tasks.add(task);
    return tasks;
  }

  private List<InputRange> ranges(long taskBytes) {
    List<InputRange> ranges = new ArrayList<>();
    for (InputFile file : files) {
      long step = file.compressed() ? Math.max(1, file.length()) : taskBytes;
      for (long start = 0; start < file.length(); start += step) {
        ranges.add(new InputRange(file, start, Math.min(start + step, file.length()), 1));
      }
    }
    return ranges;
  }
}
