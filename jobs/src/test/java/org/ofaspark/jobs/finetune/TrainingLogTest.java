package org.ofaspark.jobs.finetune;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import org.junit.jupiter.api.Test;
import org.ofaspark.criterion.CrossEntropy;
import org.ofaspark.criterion.EncouragingLoss;
import org.ofaspark.criterion.LossSums;
import org.ofaspark.criterion.Objective;
import org.ofaspark.train.UpdateOutcome;

class TrainingLogTest {

  private static JsonObject lineOf(Objective objective, double[]... ofUpdates) {
    var log = new TrainingLog(objective, false);
    long update = 0;
    for (double[] own : ofUpdates) {
      LossSums sums = LossSums.of(6, 4, 2, 2, 1, 1, 2).plus(LossSums.of(objective.sums(), own));
      log.add(new UpdateOutcome.Applied(++update, sums, 1, 0.1));
    }
    return log.line(update, 1, 0, 0);
  }

  @Test
  void lineTellsWhatTheEncouragingLossDoesToTheTokensOfTheInterval() {
    JsonObject line =
        lineOf(
            new EncouragingLoss(0.1, 0.75),
            new double[] {6, 1, 3, 2, 4.5},
            new double[] {2, 1, 1, 2, -0.5});
    assertThat(line.get("past_log_end").getAsDouble()).isEqualTo(0.25);
    assertThat(line.get("bonus_gradient_share").getAsDouble()).isEqualTo(0.5);
    assertThat(line.get("margin").getAsDouble()).isEqualTo(0.5);
    assertThat(line.get("nll_loss").getAsDouble()).isEqualTo(2);
  }

  @Test
  void lineOfCrossEntropyTellsNothingOfABonus() {
    assertThat(lineOf(new CrossEntropy(0.1), new double[0]).keySet())
        .contains("loss")
        .doesNotContain("past_log_end", "bonus_gradient_share", "margin");
  }
}
