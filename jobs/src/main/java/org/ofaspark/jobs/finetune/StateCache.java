package org.ofaspark.jobs.finetune;

import ai.djl.Device;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Daemon;
import org.ofaspark.jobs.serving.ExecutorModel;

/**
 * The in-memory states that the ranks of this executor keep for the next segment, so that a
 * checkpoint costs training the time to write it and no time to read it. Nobody may rely on it:
 * another executor may get the rank, and what the next segment has not taken in time is freed, as
 * the run may have ended. Executor; thread-safe.
 */
final class StateCache {

  /** How long a state is kept: after such a pause, the minute of reading it does not matter. */
  static final Duration LONGEST = Duration.ofMinutes(15);

  private static final List<Kept> STATES = new ArrayList<>();

  /** Frees what is not taken. */
  static final ScheduledThreadPoolExecutor TIMER =
      new ScheduledThreadPoolExecutor(1, task -> Daemon.thread("ofa-state-cache", task));

  static {
    TIMER.setRemoveOnCancelPolicy(true);
    ExecutorModel.onShortage(StateCache::freeAll);
  }

  /** A state and what will free it. */
  private static final class Kept {
    private final UUID segment;
    private final RankState state;
    private final ScheduledFuture<?> timeout;

    Kept(UUID segment, RankState state, Duration longest) {
      this.segment = segment;
      this.state = state;
      this.timeout = TIMER.schedule(() -> free(this), longest.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  private StateCache() {}

  /**
   * Keeps a state and owns it from now on.
   *
   * @param segment names the attempt that the state is the end of
   * @param state of a rank
   * @param longest frees it after this time
   */
  static void keep(UUID segment, RankState state, Duration longest) {
    synchronized (STATES) {
      STATES.add(new Kept(segment, state, longest));
    }
  }

  /**
   * Returns a state that was kept, which the caller owns from now on. Those of other segments, and
   * one on another device, are freed: no rank will take them.
   *
   * @param segment names the attempt that it is the end of, or null for none
   * @param rank whose it is
   * @param device where it has to be
   */
  static Optional<RankState> take(@Nullable UUID segment, int rank, Device device) {
    synchronized (STATES) {
      Optional<RankState> taken = Optional.empty();
      for (Kept kept : List.copyOf(STATES)) {
        boolean isOfSegment = kept.segment.equals(segment);
        boolean isOfRank = kept.state.rank() == rank;
        if (isOfSegment && isOfRank && kept.state.device().equals(device)) {
          remove(kept);
          taken = Optional.of(kept.state);
        } else if (!isOfSegment || isOfRank) {
          free(kept);
        }
      }
      return taken;
    }
  }

  /** Frees what is left when all ranks have taken theirs, or when memory is short. */
  static void freeAll() {
    synchronized (STATES) {
      List.copyOf(STATES).forEach(StateCache::free);
    }
  }

  private static void free(Kept kept) {
    synchronized (STATES) {
      if (remove(kept)) {
        kept.state.close();
      }
    }
  }

  private static boolean remove(Kept kept) {
    boolean unused = kept.timeout.cancel(false);
    return STATES.remove(kept);
  }

  /** Returns how many states this executor keeps. */
  static int count() {
    synchronized (STATES) {
      return STATES.size();
    }
  }
}
