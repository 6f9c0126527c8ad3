package org.ofaspark.jobs.finetune;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import org.junit.jupiter.api.Test;
import org.ofaspark.criterion.BonusSums;
import org.ofaspark.criterion.LossSums;
import org.ofaspark.train.UpdateOutcome;

class TrainingLogTest {

  private static JsonObject lineOf(BonusSums... bonuses) {
    var log = new TrainingLog(false);
    long update = 0;
    for (BonusSums bonus : bonuses) {
      var sums = new LossSums(6, 4, 2, 2, 1, 1, 2, bonus);
      log.add(new UpdateOutcome.Applied(++update, sums, 1, 0.1));
    }
    return log.line(update, 1, 0, 0);
  }

  @Test
  void lineTellsWhatTheEncouragingLossDoesToTheTokensOfTheInterval() {
    JsonObject line = lineOf(new BonusSums(6, 1, 3, 2, 4.5), new BonusSums(2, 1, 1, 2, -0.5));
    assertThat(line.get("past_log_end").getAsDouble()).isEqualTo(0.25);
    assertThat(line.get("bonus_gradient_share").getAsDouble()).isEqualTo(0.5);
    assertThat(line.get("margin").getAsDouble()).isEqualTo(0.5);
    assertThat(line.get("nll_loss").getAsDouble()).isEqualTo(2);
  }

  @Test
  void lineOfCrossEntropyTellsNothingOfABonus() {
    assertThat(lineOf(BonusSums.NONE).keySet())
        .contains("loss")
        .doesNotContain("past_log_end", "bonus_gradient_share", "margin");
  }
}
