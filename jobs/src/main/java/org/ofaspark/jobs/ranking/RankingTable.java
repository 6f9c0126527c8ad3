package org.ofaspark.jobs.ranking;

import static org.apache.spark.sql.types.DataTypes.BooleanType;
import static org.apache.spark.sql.types.DataTypes.DoubleType;
import static org.apache.spark.sql.types.DataTypes.IntegerType;
import static org.apache.spark.sql.types.DataTypes.LongType;
import static org.apache.spark.sql.types.DataTypes.StringType;

import org.apache.spark.sql.types.StructType;
import org.ofaspark.jobs.table.ExampleTable;

/**
 * The columns of a ranking. Losses are means over an example's target tokens that count, in nats.
 *
 * <pre>
 *   example_id    text
 *   score         what the examples are ranked by: one of the losses below, see ranking.score
 *   loss          label-smoothed cross entropy
 *   nll           negative log-likelihood of the target
 *   bonus         encouraging bonus at the recipe's log-end, never positive
 *   tokens        how many target tokens count
 *   past_log_end  share of them whose probability is above log-end, 0 to 1
 *   rank          place in the ranking, 1 = best = smallest score; null if the score is not finite
 *   kept          whether training goes on with the example
 *   reason        drop-best or drop-worst if it is left out, not-finite if it is kept because it has
 *                 no place in the ranking; else null
 * </pre>
 */
final class RankingTable {

  static final String SCORE = "score";
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
          .add("past_log_end", DoubleType, false);

  /** All columns. */
  static final StructType SCHEMA =
      SCORES.add(RANK, LongType, true).add(KEPT, BooleanType, false).add(REASON, StringType, true);

  private RankingTable() {}
}
