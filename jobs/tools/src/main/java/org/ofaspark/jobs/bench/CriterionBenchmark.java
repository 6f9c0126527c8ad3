package org.ofaspark.jobs.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Random;
import java.util.function.Consumer;
import org.ofaspark.config.Text;
import org.ofaspark.criterion.Criterion;
import org.ofaspark.criterion.CriterionConfig;
import org.ofaspark.criterion.CrossEntropy;
import org.ofaspark.criterion.EncouragingLoss;
import org.ofaspark.criterion.Objective;
import org.ofaspark.criterion.TargetRows;
import org.ofaspark.tensor.Scope;
import org.ofaspark.tensor.TorchRuntime;

/** The loss of a micro-batch and the gradient of its logits. */
final class CriterionBenchmark implements Benchmark {

  private static final int SAMPLES = 8;
  private static final int TOKENS = 160;
  private static final double LABEL_SMOOTHING = 0.1;
  private static final double LOG_END = 0.75;
  private static final double MILLIS = 1e3;

  @Override
  public String name() {
    return "criterion";
  }

  @Override
  public String description() {
    return "loss and gradient of 160 tokens over 59,457 symbols: Encouraging Loss, cross entropy";
  }

  @Override
  public int rounds() {
    return 20;
  }

  @Override
  public void run(Stopwatch stopwatch, Consumer<Measurement> report) {
    report.accept(measure("CROSS_ENTROPY", new CrossEntropy(LABEL_SMOOTHING), stopwatch));
    var encouraging = new EncouragingLoss(LABEL_SMOOTHING, LOG_END);
    report.accept(measure("ENCOURAGING", encouraging, stopwatch));
  }

  private static Measurement measure(String name, Objective objective, Stopwatch stopwatch) {
    CriterionConfig config = CriterionConfig.plain(objective);
    var criterion = new Criterion(config);
    long[] targets = new Random(1).longs(TOKENS, 4, RandomModel.VOCABULARY).toArray();
    TargetRows rows = TargetRows.of(targets, SAMPLES, config);
    try (NDManager manager = TorchRuntime.newManager(Device.cpu());
        NDArray logits =
            manager.randomNormal(new Shape(TOKENS, RandomModel.VOCABULARY), DataType.FLOAT32)) {
      return stopwatch
          .time(
              () ->
                  Scope.run(() -> criterion.apply(logits, rows, TOKENS, SAMPLES, 0).sums().read()))
          .duration(
              Text.format("%s, %d tokens x %d symbols", name, TOKENS, RandomModel.VOCABULARY),
              "ms",
              MILLIS);
    }
  }
}
