package org.ofaspark.collective;

import java.util.List;
import java.util.function.Supplier;
import org.ofaspark.tensor.FlatVector;

/**
 * A rank group whose operations are timed, waiting for slower ranks included. Used by one thread.
 */
public final class TimedCollective implements Collective {

  private final Collective ranks;
  private long nanos;
  private volatile boolean isInOperation;

  /**
   * Creates a timed view of a rank group.
   *
   * @param ranks the group; closed with this view
   */
  public TimedCollective(Collective ranks) {
    this.ranks = ranks;
  }

  /** Returns the nanoseconds spent in operations since the last call, and starts from 0 again. */
  public long takeNanos() {
    long taken = nanos;
    nanos = 0;
    return taken;
  }

  /** Tells whether an operation is going on, for another thread that looks on. */
  public boolean isInOperation() {
    return isInOperation;
  }

  private <T> T timed(Supplier<T> operation) {
    long start = System.nanoTime();
    isInOperation = true;
    try {
      return operation.get();
    } finally {
      isInOperation = false;
      nanos += System.nanoTime() - start;
    }
  }

  @Override
  public int rank() {
    return ranks.rank();
  }

  @Override
  public int worldSize() {
    return ranks.worldSize();
  }

  @Override
  public void reduceScatter(FlatVector vector) {
    timed(
        () -> {
          ranks.reduceScatter(vector);
          return vector;
        });
  }

  @Override
  public void allGather(FlatVector vector) {
    timed(
        () -> {
          ranks.allGather(vector);
          return vector;
        });
  }

  @Override
  public List<float[]> allGather(float[] values) {
    return timed(() -> ranks.allGather(values));
  }

  @Override
  public double[] allReduce(double... values) {
    return timed(() -> ranks.allReduce(values));
  }

  @Override
  public void close() {
    ranks.close();
  }
}
