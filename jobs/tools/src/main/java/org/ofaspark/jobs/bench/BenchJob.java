package org.ofaspark.jobs.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.apache.spark.SparkUserAppException;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.JobCommand;
import org.ofaspark.tensor.TorchRuntime;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Entry point of the bench command. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = "Measures speed; prints a line of JSON for each figure.")
public final class BenchJob implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(arity = "0..1", paramLabel = "NAME", description = "What to measure; see --list.")
  private @Nullable String name;

  @Option(names = "--list", description = "List the benchmarks.")
  private boolean list;

  @Option(names = "--warm-ups", description = "Rounds that are not counted.")
  private @Nullable Integer warmUps;

  @Option(names = "--rounds", description = "Rounds that are counted, at least 5.")
  private @Nullable Integer rounds;

  @Option(names = "--threads", description = "Threads of a tensor operator; all cores if not set.")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(
      names = "--arch",
      paramLabel = "NAME",
      description = "Architecture that import reads: ofa-tiny to ofa-huge, as in conf/model.")
  private String arch = "ofa-huge";

  @Option(
      names = "--photos",
      paramLabel = "FILE",
      description = "Captions in upstream's columns, whose photos ranking scores; else drawn ones.")
  private @Nullable Path photos;

  BenchJob() {}

  private List<Benchmark> benchmarks() {
    return List.of(
        new AllReduceBenchmark(),
        new UpdateBenchmark(),
        new TrainingBenchmark(),
        new CriterionBenchmark(),
        new GenerateBenchmark(),
        new EvaluateBenchmark(),
        new CiderBenchmark(),
        new PreprocessBenchmark(),
        new RankingBenchmark(photos),
        new ImportBenchmark(arch));
  }

  /**
   * Runs the command.
   *
   * @param args see {@code --help}
   * @throws SparkUserAppException if it fails; the cause has been logged
   */
  public static void main(String[] args) throws SparkUserAppException {
    JobCommand.run(new BenchJob(), args);
  }

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    if (list) {
      benchmarks()
          .forEach(each -> out.printf(Locale.ROOT, "%-11s %s%n", each.name(), each.description()));
      out.flush();
      return 0;
    }
    Benchmark benchmark = find();
    var stopwatch =
        new Stopwatch(
            warmUps == null ? benchmark.warmUps() : warmUps,
            rounds == null ? benchmark.rounds() : rounds);
    TorchRuntime.useThreads(threads);
    Environment environment = Environment.now();
    benchmark.run(
        stopwatch,
        measurement -> {
          out.println(measurement.toJson(benchmark.name(), environment));
          out.flush();
        });
    return 0;
  }

  private Benchmark find() {
    return benchmarks().stream()
        .filter(each -> each.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    Text.format(
                        "NAME: %s (expected: one of %s)",
                        name, benchmarks().stream().map(Benchmark::name).toList())));
  }
}
