package org.ofaspark.jobs.preprocess;

import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Counts the lines of each range, so that a later look at any range knows their numbers, and takes
 * their fingerprint.
 *
 * @param input how tasks come at the input
 */
record InputSurvey(InputAccess input) implements Serializable {

  /**
   * Reads all lines of a split once.
   *
   * @param spark where to run
   * @param split what is read
   * @param tasks for each task the ranges that it reads
   */
  SplitInput run(JavaSparkContext spark, SplitFiles split, List<List<InputRange>> tasks) {
    List<List<LinesFingerprint>> found =
        spark.parallelize(tasks, tasks.size()).map(this::fingerprints).collect();
    LinesFingerprint all = new LinesFingerprint();
    Map<InputFile, Long> nextLines = new HashMap<>();
    List<List<InputRange>> numbered = new ArrayList<>();
    for (int task = 0; task < tasks.size(); task++) {
      List<InputRange> ranges = new ArrayList<>();
      for (int i = 0; i < tasks.get(task).size(); i++) {
        InputRange range = tasks.get(task).get(i);
        LinesFingerprint lines = found.get(task).get(i);
        long firstLine = nextLines.getOrDefault(range.file(), 1L);
        ranges.add(range.startingAt(firstLine));
        nextLines.put(range.file(), firstLine + lines.lines());
        all.append(lines);
      }
      numbered.add(ranges);
    }
    return new SplitInput(split.split(), split.files(), numbered, all.lines(), all.sha256());
  }

  private List<LinesFingerprint> fingerprints(List<InputRange> ranges) throws IOException {
    List<LinesFingerprint> found = new ArrayList<>();
    for (InputRange range : ranges) {
      LinesFingerprint fingerprint = new LinesFingerprint();
      try (TaskLines lines = input.lines(List.of(range))) {
        for (Line line = lines.next(); line != null; line = lines.next()) {
          fingerprint.add(line);
        }
      }
      found.add(fingerprint);
    }
    return found;
  }
}
