package org.ofaspark.jobs.finetune;

import com.google.gson.JsonObject;
import org.ofaspark.criterion.LossSums;
import org.ofaspark.criterion.Objective;
import org.ofaspark.train.UpdateOutcome;
import org.ofaspark.train.UpdateOutcome.Applied;

/**
 * Sums up an interval of updates to one line of metrics. Used by one thread.
 *
 * <p>Losses are means over the interval's tokens, in nats; times are shares of the wall time of the
 * rank that writes the line. A line also has what the objective logs of the interval's kept tokens,
 * see {@link Objective#logged}.
 */
final class TrainingLog {

  private final Objective objective;
  private final boolean reportsAccuracy;
  private LossSums sums = LossSums.NONE;
  private double gradientNorm;
  private double learningRate;
  private int applied;
  private int skipped;
  private long started = System.nanoTime();

  TrainingLog(Objective objective, boolean reportsAccuracy) {
    this.objective = objective;
    this.reportsAccuracy = reportsAccuracy;
  }

  void add(UpdateOutcome outcome) {
    if (outcome instanceof Applied done) {
      sums = sums.plus(done.sums());
      gradientNorm += done.gradientNorm();
      learningRate = done.learningRate();
      applied++;
    } else {
      skipped++;
    }
  }

  /**
   * Ends the interval.
   *
   * @param updateNumber updates done
   * @param epoch the epoch of the last of them
   * @param dataNanos time spent waiting for data
   * @param collectiveNanos time spent in collective operations
   */
  JsonObject line(long updateNumber, int epoch, long dataNanos, long collectiveNanos) {
    double seconds = (System.nanoTime() - started) / 1e9;
    JsonObject line = new JsonObject();
    line.addProperty("update", updateNumber);
    line.addProperty("epoch", epoch);
    if (sums.sampleSize() > 0) {
      line.addProperty("loss", sums.loss() / sums.sampleSize());
      line.addProperty("nll_loss", sums.nllLoss() / sums.sampleSize());
    }
    if (applied > 0) {
      line.addProperty("gnorm", gradientNorm / applied);
      line.addProperty("lr", learningRate);
      line.addProperty("sample_size", sums.sampleSize());
      line.addProperty("ntokens", sums.ntokens());
      line.addProperty("nsentences", sums.nsentences());
      if (reportsAccuracy && sums.total() > 0) {
        line.addProperty("accuracy", sums.accuracy());
      }
    }
    if (sums.sampleSize() > 0) {
      objective.logged().forEach(share -> line.addProperty(share.name(), share.of(sums)));
    }
    line.addProperty("skipped", skipped);
    line.addProperty("seconds", seconds);
    line.addProperty("sentences_per_second", sums.nsentences() / seconds);
    line.addProperty("data_share", dataNanos / 1e9 / seconds);
    line.addProperty("collective_share", collectiveNanos / 1e9 / seconds);
    sums = LossSums.NONE;
    gradientNorm = 0;
    applied = 0;
    skipped = 0;
    started = System.nanoTime();
    return line;
  }
}
