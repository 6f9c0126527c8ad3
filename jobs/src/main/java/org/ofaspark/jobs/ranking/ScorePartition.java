package org.ofaspark.jobs.ranking;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.ofaspark.criterion.Criterion;
import org.ofaspark.criterion.EncouragingLoss;
import org.ofaspark.criterion.LossSums;
import org.ofaspark.data.Example;
import org.ofaspark.data.PatchImages;
import org.ofaspark.evaluate.ExampleLoss;
import org.ofaspark.evaluate.ExampleLosses;
import org.ofaspark.jobs.serving.BatchedRows;
import org.ofaspark.jobs.serving.ModelStage;
import org.ofaspark.jobs.table.ExampleTable;
import org.ofaspark.recipe.RankingConfig.Score;
import org.ofaspark.recipe.Recipe;

/**
 * Scores the examples of a partition, batch by batch. Executor.
 *
 * <p>The last bits of a loss depend on the batch that it is computed in. So that no ranking depends
 * on partitions, the rows come in groups that ids alone make, each in an order of its own, and no
 * batch spans two groups.
 */
final class ScorePartition implements MapPartitionsFunction<Row, Row> {

  private static final long serialVersionUID = 1;

  private final ModelStage stage;
  private final String groupColumn;

  /**
   * Prepares scoring.
   *
   * @param stage what scores
   * @param groupColumn column of a row's group; a group's rows follow each other
   */
  ScorePartition(ModelStage stage, String groupColumn) {
    this.stage = stage;
    this.groupColumn = groupColumn;
  }

  @Override
  public Iterator<Row> call(Iterator<Row> rows) throws IOException {
    if (!rows.hasNext()) {
      return rows; // no need to load a model
    }
    var scorer = new Scorer(stage.open());
    return new BatchedRows(rows, scorer.batchSize(), this::isSameGroup, scorer::score);
  }

  private boolean isSameGroup(Row row, Row next) {
    return next.<Long>getAs(groupColumn).equals(row.<Long>getAs(groupColumn));
  }

  private static final class Scorer {
    private final Recipe recipe;
    private final PatchImages images;
    private final ExampleLosses losses;

    Scorer(ModelStage.Opened opened) {
      this.recipe = opened.recipe();
      this.images = new PatchImages(recipe.data());
      this.losses =
          new ExampleLosses(
              opened.model(),
              opened.state(),
              new Criterion(recipe.criterion().with(recipe.rankingObjective())));
    }

    int batchSize() {
      return recipe.evaluate().batchSize();
    }

    List<Row> score(List<Row> rows) {
      List<Example> examples = rows.stream().map(ExampleTable::fromRow).toList();
      List<ExampleLoss> found = losses.of(images.collate(examples));
      List<Row> result = new ArrayList<>();
      for (int i = 0; i < examples.size(); i++) {
        result.add(row(examples.get(i).exampleId(), found.get(i)));
      }
      return result;
    }

    private Row row(String exampleId, ExampleLoss sums) {
      double tokens = sums.tokens(); // 0 gives NaN: an example without tokens has no score
      double loss = sums.terms().get(0) / tokens;
      double nll = sums.nllLoss() / tokens;
      double bonus = sums.terms().get(1) / tokens;
      double score = chosen(recipe.ranking().score(), loss, nll, bonus);
      LossSums found = sums.sums();
      return RowFactory.create(
          exampleId,
          score + 0.0,
          loss,
          nll,
          bonus,
          sums.tokens(),
          found.get(EncouragingLoss.PAST_LOG_END) / tokens,
          found.get(EncouragingLoss.NLL_GRADIENT) / tokens,
          found.get(EncouragingLoss.BONUS_GRADIENT) / tokens,
          found.get(EncouragingLoss.MARGIN) / tokens);
    }
  }

  private static double chosen(Score score, double loss, double nll, double bonus) {
    return switch (score) {
      case LOSS -> loss;
      case NLL -> nll;
      case ENCOURAGING -> loss + bonus;
    };
  }
}
