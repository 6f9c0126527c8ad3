package org.ofaspark.jobs.finetune;

import ai.djl.Device;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What the ranks of this executor keep from one segment to the next, so that a checkpoint costs
 * training the time to write it and no time to read it. Nobody may rely on it: another executor may
 * get the rank, and what the next segment has not asked for in time is freed, as the run may have
 * ended. Executor; thread-safe.
 */
final class KeptStates {

  /** Reading a checkpoint takes a minute: no matter to a run that has not trained for longer. */
  static final Duration LONGEST = Duration.ofMinutes(15);

  private static final List<Kept> STATES = new ArrayList<>();

  private static final ScheduledExecutorService TIMER =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            var thread = new Thread(task, "ofa-kept-states");
            thread.setDaemon(true);
            return thread;
          });

  private record Kept(UUID segment, RankState state) {}

  private KeptStates() {}

  /**
   * Keeps a state and owns it from now on.
   *
   * @param segment names the attempt that the state is the end of
   * @param state of a rank
   * @param longest frees it after this time
   */
  static void keep(UUID segment, RankState state, Duration longest) {
    var kept = new Kept(segment, state);
    synchronized (STATES) {
      STATES.add(kept);
    }
    var unused = TIMER.schedule(() -> free(kept), longest.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * Returns a state that was kept, which the caller owns from now on. Those of other segments, and
   * one on another device, are freed: no rank will ask for them.
   *
   * @param segment names the attempt that it is the end of, or null for none
   * @param rank whose it is
   * @param device where it has to be
   */
  static Optional<RankState> take(@Nullable UUID segment, int rank, Device device) {
    synchronized (STATES) {
      Optional<RankState> found = Optional.empty();
      for (Kept kept : List.copyOf(STATES)) {
        boolean isOfSegment = kept.segment().equals(segment);
        boolean isOfRank = kept.state().rank() == rank;
        if (isOfSegment && isOfRank && kept.state().device().equals(device)) {
          STATES.remove(kept);
          found = Optional.of(kept.state());
        } else if (!isOfSegment || isOfRank) {
          free(kept);
        }
      }
      return found;
    }
  }

  private static void free(Kept kept) {
    synchronized (STATES) {
      if (STATES.remove(kept)) {
        kept.state().close();
      }
    }
  }

  /** Returns how many states this executor keeps. */
  static int count() {
    synchronized (STATES) {
      return STATES.size();
    }
  }
}
