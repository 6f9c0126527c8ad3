package org.ofaspark.jobs.finetune;

import java.io.IOException;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.ofaspark.checkpoint.Manifest;
import org.ofaspark.config.Text;
import org.ofaspark.jobs.ranking.ExampleRanking;
import org.ofaspark.jobs.ranking.RankingSchedule;
import org.ofaspark.jobs.ranking.RankingSummary;
import org.ofaspark.recipe.RankingRules;
import org.ofaspark.recipe.Recipe;

/**
 * The example rankings of a run: when there is one, and which examples it leaves out. Driver.
 *
 * <p>A ranking stays in the run's directory, so a run that resumes uses the ranking that it stopped
 * with. If it is gone it is made again, of the same weights and so with the same outcome.
 */
final class RunRankings {

  private final RunContext context;
  private final RankingSchedule schedule;
  private final ExampleRanking ranking;

  RunRankings(RunContext context, RunPlan plan) throws IOException {
    Recipe recipe = context.recipe();
    this.context = context;
    this.schedule = new RankingSchedule(recipe.rankingRules(), plan.epochs().updatesPerEpoch());
    this.ranking = new ExampleRanking(context.spark(), context.files(), recipe, plan.vocabulary());
  }

  /** Returns the next update after one that has a ranking, Long.MAX_VALUE if there is none. */
  long next(long update) {
    return schedule.next(update);
  }

  /**
   * Returns the ids of the examples that are left out of an update and those after it, up to the
   * next ranking; ranks the examples if that is due.
   *
   * @return empty if no example is left out yet
   * @throws IllegalArgumentException if the ranking is gone, and the weights that made it are too
   */
  Optional<Dataset<Row>> dropped(long update) throws IOException {
    OptionalLong ranked = schedule.rankingOf(update);
    if (ranked.isEmpty()) {
      return Optional.empty();
    }
    long at = ranked.getAsLong();
    String directory = context.run().ranking(at);
    String weights = context.run().checkpoint(at);
    RankingRules rules = context.recipe().rankingRules().at(at);
    if (context.files().exists(weights + "/" + Manifest.FILE)) {
      RankingSummary unused = ranking.rank(weights, rules, directory);
    } else if (!ranking.isRanked(rules, directory)) {
      throw new IllegalArgumentException(
          Text.format(
                  "%s: missing (expected: the ranking that the run trains by from update %d on)",
                  directory, at)
              + "; bring it back, or delete the run and start again");
    }
    return Optional.of(ranking.dropped(directory));
  }
}
