package org.ofaspark.jobs.bench;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.ofaspark.collective.WireFormat;
import org.ofaspark.config.Checks;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.JobCommand;
import org.ofaspark.jobs.cluster.BarrierStage;
import org.ofaspark.jobs.finetune.WorldSize;

/** The collective of fine-tuning, next to a plain socket between the same two processes. */
final class AllReduceBenchmark implements Benchmark {

  private static final List<Integer> MEBIBYTES = List.of(128, 730);
  private static final double GIGA = 1e9;
  private static final double MICROS = 1e6;

  @Override
  public String name() {
    return "all-reduce";
  }

  @Override
  public String description() {
    return "reduce-scatter and all-gather over the executors, beside a plain socket of two of them";
  }

  @Override
  public int warmUps() {
    return 20; // the compiler is at work until then
  }

  @Override
  public int rounds() {
    return 20;
  }

  @Override
  public void run(Stopwatch stopwatch, Consumer<Measurement> report) throws IOException {
    try (SparkSession spark = JobCommand.sessionOfRanks("ofa-bench").getOrCreate()) {
      int ranks = WorldSize.of(spark);
      Checks.atLeast("ranks", ranks, 2);
      List<Long> sizes = MEBIBYTES.stream().map(size -> (long) size << 20).toList();
      List<Rounds> timed =
          BarrierStage.collect(
              new JavaSparkContext(spark.sparkContext())
                  .parallelize(IntStream.range(0, ranks).boxed().toList(), ranks),
              new AllReduceRank(groups(), ranks, sizes, stopwatch),
              Rounds.class);
      report.accept(
          timed.get(0).duration(Text.format("one double, %d ranks", ranks), "us", MICROS));
      for (int i = 0; i < sizes.size(); i++) {
        report(MEBIBYTES.get(i), ranks, timed.subList(1 + 3 * i, 4 + 3 * i), report);
      }
    }
  }

  private static Map<WireFormat, UUID> groups() {
    return Map.of(WireFormat.FP32, UUID.randomUUID(), WireFormat.BF16, UUID.randomUUID());
  }

  private static void report(
      int mebibytes, int ranks, List<Rounds> timed, Consumer<Measurement> report) {
    double amount = (mebibytes << 20) / GIGA;
    Measurement collective =
        timed.get(0).rate(Text.format("%d MiB, %d ranks", mebibytes, ranks), "GB/s", amount);
    Measurement halved =
        timed
            .get(1)
            .rate(
                Text.format("%d MiB, %d ranks, gradients in bf16", mebibytes, ranks),
                "GB/s",
                amount);
    Measurement socket =
        timed.get(2).rate(Text.format("%d MiB, plain socket, one way", mebibytes), "GB/s", amount);
    report.accept(collective);
    report.accept(halved);
    report.accept(socket);
    report.accept(
        halved.over(collective, Text.format("%d MiB, gradients in bf16 to fp32", mebibytes)));
    report.accept(
        collective.over(socket, Text.format("%d MiB, all-reduce to plain socket", mebibytes)));
  }
}
