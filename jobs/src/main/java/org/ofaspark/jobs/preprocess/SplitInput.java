package org.ofaspark.jobs.preprocess;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * The input of a split, once its lines are counted: so a task knows the number of each line.
 *
 * @param input opens the files
 * @param split the split's name
 * @param files its files, in their order
 * @param tasks for each task the ranges that it reads
 * @param rows how many lines there are
 * @param sha256 fingerprint of the lines
 */
record SplitInput(
    InputAccess input,
    String split,
    List<InputFile> files,
    List<List<InputRange>> tasks,
    long rows,
    String sha256) {

  /**
   * Counts the lines of each range, and takes the fingerprint of all.
   *
   * @param spark where to run
   * @param input opens the files
   * @param split what is read
   * @param tasks for each task the ranges that it reads
   */
  static SplitInput survey(
      JavaSparkContext spark, InputAccess input, SplitFiles split, List<List<InputRange>> tasks) {
    Iterator<LinesFingerprint> found =
        ranges(spark, tasks).map(range -> fingerprint(input, range)).collect().iterator();
    LinesFingerprint all = new LinesFingerprint();
    Map<InputFile, Long> nextLines = new HashMap<>();
    List<List<InputRange>> numbered = new ArrayList<>();
    for (List<InputRange> task : tasks) {
      List<InputRange> ranges = new ArrayList<>();
      for (InputRange range : task) {
        LinesFingerprint lines = found.next();
        long firstLine = nextLines.getOrDefault(range.file(), 1L);
        ranges.add(range.startingAt(firstLine));
        nextLines.put(range.file(), firstLine + lines.lines());
        all.append(lines);
      }
      numbered.add(ranges);
    }
    return new SplitInput(input, split.split(), split.files(), numbered, all.lines(), all.sha256());
  }

  private static LinesFingerprint fingerprint(InputAccess input, InputRange range)
      throws IOException {
    LinesFingerprint fingerprint = new LinesFingerprint();
    try (LineReader lines = input.open(range)) {
      for (Line line = lines.next(); line != null; line = lines.next()) {
        fingerprint.add(line);
      }
    }
    return fingerprint;
  }

  /**
   * Returns all lines, a partition for each task.
   *
   * @param spark where to run
   */
  JavaRDD<Line> lines(JavaSparkContext spark) {
    InputAccess input = this.input; // tasks get this alone
    return ranges(spark, tasks).flatMap(range -> TaskIterator.of(input.open(range)));
  }

  private static JavaRDD<InputRange> ranges(JavaSparkContext spark, List<List<InputRange>> tasks) {
    return spark.parallelize(tasks, tasks.size()).flatMap(List::iterator);
  }
}
