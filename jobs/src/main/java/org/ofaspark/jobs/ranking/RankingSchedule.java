package org.ofaspark.jobs.ranking;

import java.util.OptionalLong;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.ofaspark.criterion.Drop;
import org.ofaspark.recipe.RankingRules;

/**
 * At which updates the examples are ranked, by arithmetic alone, so that a run that resumes knows
 * its ranking.
 *
 * <p>The first update that a rule holds in has a ranking. From the first of them on there is one
 * every {@link org.ofaspark.recipe.RankingConfig#interval} updates, or at the start of each epoch.
 * The ranking of an update, made with the weights before it, holds until the next one.
 *
 * @param config the rules
 * @param updatesPerEpoch updates of an epoch
 */
public record RankingSchedule(RankingRules config, long updatesPerEpoch) {

  /**
   * Returns the update whose ranking holds in an update.
   *
   * @param update its number, counted from 0
   * @return empty if no example is left out yet
   */
  public OptionalLong rankingOf(long update) {
    return LongStream.concat(starts(), LongStream.of(lastPeriodic(update)))
        .filter(ranking -> ranking <= update && ranking >= first())
        .max();
  }

  /**
   * Returns the next update that has a ranking.
   *
   * @param update a number
   * @return a number above {@code update}; Long.MAX_VALUE if there is none
   */
  public long next(long update) {
    long next = starts().filter(start -> start > update).min().orElse(Long.MAX_VALUE);
    return update < first() ? next : Math.min(next, lastPeriodic(update) + period());
  }

  /** Returns the first update of each rule. */
  private LongStream starts() {
    return Stream.of(config.dropBest(), config.dropWorst())
        .filter(Drop::isOn)
        .mapToLong(Drop::firstUpdate);
  }

  private long first() {
    return starts().min().orElse(Long.MAX_VALUE);
  }

  private long period() {
    return config.config().interval() > 0 ? config.config().interval() : updatesPerEpoch;
  }

  /** Returns the last update up to one that is due by its number, which may be before the first. */
  private long lastPeriodic(long update) {
    long origin = config.config().interval() > 0 ? first() : 0;
    return origin + Math.floorDiv(update - origin, period()) * period();
  }
}
