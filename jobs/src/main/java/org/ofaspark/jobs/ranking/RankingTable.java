package org.ofaspark.jobs.ranking;

import static org.apache.spark.sql.types.DataTypes.BooleanType;
import static org.apache.spark.sql.types.DataTypes.DoubleType;
import static org.apache.spark.sql.types.DataTypes.IntegerType;
import static org.apache.spark.sql.types.DataTypes.LongType;
import static org.apache.spark.sql.types.DataTypes.StringType;

import org.apache.spark.sql.types.StructType;
import org.ofaspark.criterion.EncouragingLoss;
import org.ofaspark.jobs.table.ExampleTable;

/**
 * The columns of a ranking. Losses, gradients and margin are means over an example's target tokens
 * that count; losses and margin are in nats.
 *
 * <pre>
 *   example_id      text
 *   score           what the examples are ranked by: loss, nll or loss + bonus, see ranking.score
 *   loss            label-smoothed cross entropy
 *   nll             negative log-likelihood of the target
 *   bonus           encouraging bonus at the recipe's log-end, never positive
 *   tokens          how many target tokens count
 *   past_log_end    share of them whose probability is above log-end, 0 to 1
 *   nll_gradient    gradient of the target's logit by the negative log-likelihood, 0 to 1
 *   bonus_gradient  the same by the bonus, 0 to 1
 *   margin          by how much the target is likelier than the likeliest other symbol
 *   rank            place in the ranking, 1 = best = smallest score; null if the score is not finite
 *   kept            whether training goes on with the example
 *   reason          drop-best or drop-worst if it is left out, not-finite if it is kept because it
 *                   has no place in the ranking; else null
 * </pre>
 *
 * <p>{@link EncouragingLoss} defines the four that tell what the Encouraging Loss does.
 */
public final class RankingTable {

  /** What the examples are ranked by. */
  public static final String SCORE = "score";

  static final String RANK = "rank";
  static final String KEPT = "kept";
  static final String REASON = "reason";

  static final String DROP_BEST = "drop-best";
  static final String DROP_WORST = "drop-worst";
  static final String NOT_FINITE = "not-finite";

  /** The columns that scoring finds. */
  static final StructType SCORES =
      new StructType()
          .add(ExampleTable.EXAMPLE_ID, StringType, false)
          .add(SCORE, DoubleType, false)
          .add("loss", DoubleType, false)
          .add("nll", DoubleType, false)
          .add("bonus", DoubleType, false)
          .add("tokens", IntegerType, false)
          .add("past_log_end", DoubleType, false)
          .add("nll_gradient", DoubleType, false)
          .add("bonus_gradient", DoubleType, false)
          .add("margin", DoubleType, false);

  /** All columns. */
  static final StructType SCHEMA =
      SCORES.add(RANK, LongType, true).add(KEPT, BooleanType, false).add(REASON, StringType, true);

  private RankingTable() {}
}
