package org.ofaspark.jobs.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.ofaspark.collective.Collective;
import org.ofaspark.jobs.cluster.SparkCollective;
import org.ofaspark.tensor.FlatVector;
import org.ofaspark.tensor.TorchRuntime;

/**
 * One rank of {@link AllReduceBenchmark}. Executor.
 *
 * @param gang names the gang
 * @param worldSize number of ranks
 * @param sizes bytes of the vectors to all-reduce
 * @param stopwatch times them
 */
record AllReduceRank(UUID gang, int worldSize, List<Long> sizes, Stopwatch stopwatch)
    implements FlatMapFunction<Iterator<Integer>, Rounds> {

  private static final Stopwatch LATENCY = new Stopwatch(100, 500);

  /**
   * Returns what rank 0 has timed: one small operation, then for each size the collective and the
   * plain socket.
   */
  @Override
  public Iterator<Rounds> call(Iterator<Integer> input) throws IOException {
    BarrierTaskContext task = BarrierTaskContext.get();
    int rank = task.partitionId();
    List<Rounds> timed = new ArrayList<>();
    try (var ranks =
            new SparkCollective(
                gang,
                rank,
                worldSize,
                task::allGather,
                Duration.ofMinutes(1),
                task::isInterrupted);
        var socket = new PlainSocket(rank, task::allGather)) {
      timed.add(LATENCY.time(() -> ranks.allReduce(1)));
      for (long bytes : sizes) {
        timed.addAll(time(ranks, socket, bytes));
      }
      ranks.allReduce(0); // nobody leaves before the others are done
    }
    return (rank == 0 ? timed : List.<Rounds>of()).iterator();
  }

  private List<Rounds> time(Collective ranks, PlainSocket socket, long bytes) {
    try (NDManager manager = TorchRuntime.newManager(Device.cpu());
        FlatVector vector = FlatVector.zeros(manager, bytes / Float.BYTES)) {
      vector.array().addi(1); // memory that is only zero is not there yet
      return stopwatch.timeInTurns(
          () -> ranks.allReduce(0),
          List.of(
              () -> {
                ranks.reduceScatter(vector);
                ranks.allGather(vector);
              },
              () -> socket.transfer(bytes)));
    }
  }
}
