package org.ofaspark.jobs.finetune;

import java.util.List;
import java.util.Optional;
import org.ofaspark.config.Text;

/**
 * What the segments that this process has brought to their end have taken, and how much of it was
 * training.
 *
 * @param segments how many
 * @param reused those in which every rank had kept its state since the one before
 * @param seconds wall time, from preparing to the finished checkpoint, rankings left out
 * @param updateSeconds the part of it in which rank 0 made updates
 */
record SegmentTimes(int segments, int reused, double seconds, double updateSeconds) {

  static final SegmentTimes NONE = new SegmentTimes(0, 0, 0, 0);

  /**
   * Adds a segment.
   *
   * @param results of its ranks
   * @param wall seconds
   */
  SegmentTimes plus(List<RankTask.Result> results, double wall) {
    boolean all = results.stream().allMatch(RankTask.Result::reused);
    return new SegmentTimes(
        segments + 1,
        reused + (all ? 1 : 0),
        seconds + wall,
        updateSeconds + results.get(0).seconds());
  }

  /** Describes the times for a person, if there was a segment. */
  Optional<String> line() {
    if (segments == 0) {
      return Optional.empty();
    }
    double others = seconds - updateSeconds;
    return Optional.of(
        Text.format(
            "%d segments in %.1f s: %.1f s (%.1f%%) to start them and to write checkpoints, the rest"
                + " updates; in %d the ranks reused their in-memory state",
            segments, seconds, others, 100 * others / seconds, reused));
  }
}
