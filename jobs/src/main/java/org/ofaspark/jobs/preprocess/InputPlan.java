package org.ofaspark.jobs.preprocess;

import java.util.ArrayList;
import java.util.List;

/** Divides files into the ranges that tasks read. */
final class InputPlan {

  /** Less is not worth a task of its own, nor a file of the table. */
  private static final long MIN_BYTES = 16L << 20;

  /** Tasks for each core, so that none waits long for the slowest. */
  private static final int WAVES = 2;

  private InputPlan() {}

  /**
   * Returns how much a task should read.
   *
   * @param split what is read
   * @param cores how many tasks run at a time
   * @param maxBytes the most that a task should read
   */
  static long taskBytes(SplitFiles split, int cores, long maxBytes) {
    return Math.min(maxBytes, Math.max(MIN_BYTES, split.bytes() / ((long) WAVES * cores) + 1));
  }

  /**
   * Divides files among tasks.
   *
   * @param split what is read; at least one of its files is not empty
   * @param taskBytes how much a task should read: a larger file is divided if it can be, smaller
   *     ones share a task
   * @return for each task its ranges, all in the order of the files
   */
  static List<List<InputRange>> tasks(SplitFiles split, long taskBytes) {
    List<List<InputRange>> tasks = new ArrayList<>();
    List<InputRange> task = new ArrayList<>();
    long bytes = 0;
    for (InputRange range : ranges(split.files(), taskBytes)) {
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

  private static List<InputRange> ranges(List<InputFile> files, long taskBytes) {
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
