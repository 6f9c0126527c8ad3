package org.ofaspark.jobs.bench;

import java.util.List;
import java.util.function.Consumer;
import org.ofaspark.collective.SingleRank;
import org.ofaspark.config.Text;
import org.ofaspark.criterion.Criterion;
import org.ofaspark.data.MicroBatch;
import org.ofaspark.recipe.Recipe;
import org.ofaspark.train.Trainer;

/** Whole updates of one rank: forward, backward, clipping, Adam. */
final class UpdateBenchmark implements Benchmark {

  private static final int BATCH = 8;
  private static final int TARGET_LENGTH = 20;
  private static final long RUN_UPDATES = 1000;

  @Override
  public String name() {
    return "update";
  }

  @Override
  public String description() {
    return "updates of one rank, one micro-batch of 8 samples each: OFA tiny, and a nano model";
  }

  @Override
  public void run(Stopwatch stopwatch, Consumer<Measurement> report) {
    report.accept(measure("OFA tiny", RandomModel.TINY, stopwatch));
    report.accept(measure("nano", RandomModel.NANO, stopwatch));
  }

  private static Measurement measure(String name, Recipe recipe, Stopwatch stopwatch) {
    int pixels = recipe.data().patchImageSize();
    MicroBatch batch = RandomModel.batch(BATCH, pixels, RandomModel.PROMPT, TARGET_LENGTH);
    try (var random = new RandomModel(recipe.model());
        var trainer =
            new Trainer(
                random.model(),
                random.state(),
                new Criterion(recipe.criterion()),
                recipe.optimizer(),
                RUN_UPDATES,
                new SingleRank(),
                recipe.numerics())) {
      return stopwatch
          .time(() -> trainer.update(List.of(batch)))
          .rate(
              Text.format(
                  "%s, %d samples of %d x %d pixels, %d tokens",
                  name, BATCH, pixels, pixels, TARGET_LENGTH),
              "samples/s",
              BATCH);
    }
  }
}
