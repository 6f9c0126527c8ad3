package org.ofaspark.jobs.preprocess;

import java.util.List;

/**
 * The input of a split, once its lines are counted.
 *
 * @param split the split's name
 * @param files its files, in their order
 * @param tasks for each task the ranges that it reads
 * @param rows how many lines there are
 * @param sha256 fingerprint of the lines
 */
record SplitInput(
    String split, List<InputFile> files, List<List<InputRange>> tasks, long rows, String sha256) {}
