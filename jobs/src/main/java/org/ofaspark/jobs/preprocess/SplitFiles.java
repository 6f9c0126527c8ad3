package org.ofaspark.jobs.preprocess;

import java.util.List;

/**
 * The input of a split.
 *
 * @param split the split's name
 * @param files its files, in their order
 */
record SplitFiles(String split, List<InputFile> files) {

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
}
