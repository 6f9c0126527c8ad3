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
import org.ofaspark.criterion.CriterionConfig.Loss;
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
    for (Loss loss : Loss.values()) {
      report.accept(measure(loss, stopwatch));
    }
  }

  private static Measurement measure(Loss loss, Stopwatch stopwatch) {
    CriterionConfig config = CriterionConfig.plain(loss, LABEL_SMOOTHING, LOG_END);
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
              Text.format("%s, %d tokens x %d symbols", loss, TOKENS, RandomModel.VOCABULARY),
              "ms",
              MILLIS);
    }
  }
}
