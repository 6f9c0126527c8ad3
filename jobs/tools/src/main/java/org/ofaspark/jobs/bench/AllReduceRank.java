package org.ofaspark.jobs.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.ofaspark.collective.Collective;
import org.ofaspark.collective.WireFormat;
import org.ofaspark.jobs.cluster.RankId;
import org.ofaspark.jobs.cluster.SparkCollective;
import org.ofaspark.tensor.FlatVector;
import org.ofaspark.tensor.TorchRuntime;

/**
 * One rank of {@link AllReduceBenchmark}. Executor.
 *
 * @param groups names a rank group for each form that gradients travel in
 * @param worldSize number of ranks
 * @param sizes bytes of the vectors to all-reduce
 * @param stopwatch times them
 */
record AllReduceRank(
    Map<WireFormat, UUID> groups, int worldSize, List<Long> sizes, Stopwatch stopwatch)
    implements FlatMapFunction<Iterator<Integer>, Rounds> {

  private static final Stopwatch LATENCY = new Stopwatch(100, 500);

  /**
   * Returns what rank 0 has timed: one small operation, then for each size the collective, that
   * with gradients in bfloat16, and the plain socket.
   */
  @Override
  public Iterator<Rounds> call(Iterator<Integer> input) throws IOException {
    BarrierTaskContext task = BarrierTaskContext.get();
    int rank = task.partitionId();
    List<Rounds> timed = new ArrayList<>();
    try (Collective ranks = join(task, WireFormat.FP32);
        Collective halved = join(task, WireFormat.BF16);
        var socket = new PlainSocket(rank, task::allGather)) {
      timed.add(LATENCY.time(() -> ranks.allReduce(1)));
      for (long bytes : sizes) {
        timed.addAll(time(ranks, halved, socket, bytes));
      }
      ranks.allReduce(0); // nobody leaves before the others are done
    }
    return (rank == 0 ? timed : List.<Rounds>of()).iterator();
  }

  private Collective join(BarrierTaskContext task, WireFormat gradientFormat) {
    return new SparkCollective(
        new RankId(
            Objects.requireNonNull(groups.get(gradientFormat)), task.partitionId(), worldSize),
        task::allGather,
        gradientFormat,
        Duration.ofMinutes(1),
        task::isInterrupted);
  }

  private List<Rounds> time(Collective ranks, Collective halved, PlainSocket socket, long bytes) {
    try (NDManager manager = TorchRuntime.newManager(Device.cpu());
        FlatVector vector = FlatVector.zeros(manager, bytes / Float.BYTES)) {
      vector.array().addi(1); // memory that is only zero is not there yet
      return stopwatch.timeInTurns(
          () -> ranks.allReduce(0),
          List.of(
              () -> allReduce(ranks, vector),
              () -> allReduce(halved, vector),
              () -> socket.transfer(bytes)));
    }
  }

  private static void allReduce(Collective ranks, FlatVector vector) {
    ranks.reduceScatter(vector);
    ranks.allGather(vector);
  }
}
