package org.ofaspark.collective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.ofaspark.config.Text;
import org.ofaspark.tensor.Autograd;
import org.ofaspark.tensor.FlatVector;
import org.ofaspark.tensor.FloatType;
import org.ofaspark.tensor.Scope;
import org.ofaspark.tensor.ScriptedOps;

/**
 * Ranks that are threads of one process and read each other's memory, on the host or on one device.
 *
 * <p>Each operation lays this rank's value open, waits for all, reads the others' and waits again
 * before anybody may go on. Thread-safe: one {@link #join} for each rank, each used by one thread.
 */
public final class InProcessGang {

  private final int worldSize;
  private final WireFormat gradientFormat;
  private final Duration timeout;
  private final CyclicBarrier barrier;
  private final AtomicReferenceArray<Object> values;

  /**
   * Creates a gang that nobody has joined.
   *
   * @param worldSize number of ranks
   * @param gradientFormat what numbers that are summed are rounded to on their way
   * @param timeout how long an operation waits for the other ranks
   */
  public InProcessGang(int worldSize, WireFormat gradientFormat, Duration timeout) {
    this.worldSize = worldSize;
    this.gradientFormat = gradientFormat;
    this.timeout = timeout;
    this.barrier = new CyclicBarrier(worldSize);
    this.values = new AtomicReferenceArray<>(worldSize);
  }

  /**
   * Joins the gang.
   *
   * @param rank this worker's number
   */
  public Collective join(int rank) {
    return new Member(rank);
  }

  private final class Member implements Collective {
    private final int rank;

    Member(int rank) {
      this.rank = rank;
    }

    @Override
    public int rank() {
      return rank;
    }

    @Override
    public int worldSize() {
      return worldSize;
    }

    @Override
    public void reduceScatter(FlatVector vector) {
      Range range = Range.of(rank, worldSize, vector.size());
      values.set(rank, vector);
      await("reduceScatter");
      for (int i = 1; i < worldSize; i++) { // own first, then the ranks after it
        add((FlatVector) values.get((rank + i) % worldSize), vector, range);
      }
      await("reduceScatter");
    }

    @Override
    public void allGather(FlatVector vector) {
      values.set(rank, vector);
      await("allGather");
      for (int i = 0; i < worldSize; i++) {
        if (i != rank) {
          Range range = Range.of(i, worldSize, vector.size());
          FlatVector other = (FlatVector) values.get(i);
          copy(other, vector, range);
        }
      }
      await("allGather");
    }

    @Override
    public List<float[]> allGather(float[] own) {
      values.set(rank, own.clone());
      await("allGather");
      List<float[]> all = new ArrayList<>();
      for (int i = 0; i < worldSize; i++) {
        all.add(((float[]) values.get(i)).clone());
      }
      await("allGather");
      return all;
    }

    @Override
    public double[] allReduce(double... own) {
      values.set(rank, own.clone());
      await("allReduce");
      double[] sums = new double[own.length];
      for (int i = 0; i < worldSize; i++) {
        double[] other = (double[]) values.get(i);
        Arrays.setAll(sums, k -> sums[k] + other[k]);
      }
      await("allReduce");
      return sums;
    }

    private void await(String operation) {
      try {
        barrier.await(timeout.toMillis(), TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new CollectiveException(
            Text.format("rank %d: interrupted in %s", rank, operation), e);
      } catch (BrokenBarrierException | TimeoutException e) {
        throw new CollectiveException(
            Text.format(
                "rank %d: %s not finished within %s (expected: all %d ranks)",
                rank, operation, timeout, worldSize),
            e);
      }
    }

    @Override
    public void close() {
      barrier.reset();
    }
  }

  private void add(FlatVector from, FlatVector to, Range range) {
    inEngine(
        () -> {
          NDArray addend = part(from, range);
          if (gradientFormat == WireFormat.BF16) {
            addend =
                ScriptedOps.cast(ScriptedOps.cast(addend, FloatType.BFLOAT16), FloatType.FLOAT32);
          }
          part(to, range).addi(addend);
        });
  }

  private static void copy(FlatVector from, FlatVector to, Range range) {
    inEngine(() -> ScriptedOps.copy(part(to, range), part(from, range)));
  }

  private static void inEngine(Runnable work) {
    Autograd.withoutRecording(
        () ->
            Scope.run(
                () -> {
                  work.run();
                  return work;
                }));
  }

  private static NDArray part(FlatVector vector, Range range) {
    return vector.array().get(new NDIndex().addSliceDim(range.from(), range.to()));
  }
}
