package org.ofaspark.jobs.cluster;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLongArray;
import org.ofaspark.config.Text;

/**
 * When each rank was last heard of, and which ranks have left. A rank that has sent nothing, not
 * even a heartbeat, for the timeout is lost. Thread-safe.
 */
final class Heartbeats {

  /** Ranks learn the addresses up to this long after each other, as Spark's barrier is polled. */
  private static final long JOIN_NANOS = 2_000_000_000;

  /** What a rank sends before its goodbye may arrive this much after it, on another connection. */
  private static final long GRACE_NANOS = 1_000_000_000;

  private final Duration timeout;
  private final AtomicLongArray lastSeen;
  private final AtomicLongArray leftAt;

  Heartbeats(int worldSize, Duration timeout) {
    this.timeout = timeout;
    this.lastSeen = new AtomicLongArray(worldSize);
    this.leftAt = new AtomicLongArray(worldSize);
  }

  /** Counts from now on. */
  void start() {
    for (int rank = 0; rank < lastSeen.length(); rank++) {
      lastSeen.set(rank, System.nanoTime() + JOIN_NANOS);
    }
  }

  void heard(int rank) {
    lastSeen.set(rank, System.nanoTime());
  }

  void left(int rank) {
    leftAt.set(rank, System.nanoTime() | 1); // never 0
  }

  boolean hasLeft(int rank) {
    return leftAt.get(rank) != 0;
  }

  /** Tells whether a rank has left, and everything it sent before has arrived. */
  boolean isGone(int rank) {
    return hasLeft(rank) && System.nanoTime() - leftAt.get(rank) > GRACE_NANOS;
  }

  /** Returns what is wrong with a rank that has not left, if it is lost. */
  Optional<String> loss(int rank) {
    if (hasLeft(rank) || System.nanoTime() - lastSeen.get(rank) <= timeout.toNanos()) {
      return Optional.empty();
    }
    return Optional.of(
        Text.format(
            "has sent no heartbeat for %s; its process is frozen or its network is cut", timeout));
  }
}
