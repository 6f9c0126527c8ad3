package org.ofaspark.jobs.ranking;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.ofaspark.criterion.Drop;
import org.ofaspark.recipe.RankingConfig;
import org.ofaspark.recipe.RankingConfig.Score;
import org.ofaspark.recipe.RankingRules;

class RankingScheduleTest {

  private static final int UPDATES = 40;

  private static RankingSchedule schedule(Drop best, Drop worst, long interval) {
    return new RankingSchedule(
        new RankingRules(best, worst, new RankingConfig(Score.LOSS, interval)), 10);
  }

  /** Walks from one to the next, and checks that every update knows the last. */
  private static List<Long> rankings(RankingSchedule schedule) {
    List<Long> rankings = new ArrayList<>();
    for (long at = schedule.next(-1); at < UPDATES; at = schedule.next(at)) {
      rankings.add(at);
    }
    for (long update = 0; update < UPDATES; update++) {
      long now = update;
      OptionalLong last =
          rankings.stream().mapToLong(ranking -> ranking).filter(r -> r <= now).max();
      assertThat(schedule.rankingOf(update)).as("update %d", update).isEqualTo(last);
      long next = rankings.stream().filter(r -> r > now).findFirst().orElse((long) UPDATES);
      assertThat(Math.min(UPDATES, schedule.next(update))).as("update %d", update).isEqualTo(next);
    }
    return rankings;
  }

  @Test
  void firstUpdateThatARuleHoldsInAndEachEpochAfterItHaveARanking() {
    assertThat(rankings(schedule(Drop.examples(0.1, 4), Drop.NONE, 0)))
        .containsExactly(5L, 10L, 20L, 30L);
    assertThat(rankings(schedule(Drop.examples(0.1, 9), Drop.NONE, 0)))
        .containsExactly(10L, 20L, 30L);
  }

  @Test
  void intervalCountsFromTheFirst() {
    assertThat(rankings(schedule(Drop.NONE, Drop.examples(0.1, 4), 15)))
        .containsExactly(5L, 20L, 35L);
  }

  @Test
  void secondRuleHasARankingOfItsOwn() {
    assertThat(rankings(schedule(Drop.examples(0.1, 12), Drop.examples(0.1, 4), 0)))
        .containsExactly(5L, 10L, 13L, 20L, 30L);
    assertThat(rankings(schedule(Drop.examples(0.1, 12), Drop.examples(0.1, 4), 20)))
        .containsExactly(5L, 13L, 25L);
  }

  @Test
  void withoutARuleThereIsNoRanking() {
    assertThat(rankings(schedule(Drop.NONE, Drop.examples(0, 4), 3))).isEmpty();
    assertThat(rankings(schedule(Drop.NONE, Drop.NONE, 0))).isEmpty();
  }
}
