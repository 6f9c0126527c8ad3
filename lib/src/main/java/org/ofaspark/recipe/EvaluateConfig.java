package org.ofaspark.recipe;

import static org.ofaspark.config.Key.Product.ANSWERS;

import java.util.List;
import java.util.Optional;
import org.ofaspark.config.AllChecks;
import org.ofaspark.config.Key;
import org.ofaspark.tensor.Precision;

/**
 * What is evaluated, with which weights.
 *
 * @param splits splits of the table
 * @param weights a run's directory, a checkpoint or imported weights, at any Hadoop URI; empty for
 *     the best checkpoint of this run
 * @param batchSize samples decoded at a time
 * @param precision type that the network computes in
 * @param evalCiderCachedTokens cached document frequencies for the CIDEr of upstream's validation,
 *     upstream's file or a table of n-grams; empty to leave it out
 * @param bootstrapSamples samples drawn for confidence intervals; 0 for none
 * @param bootstrapSeed decides which
 * @param pageExamples how many of the worst and of the best answers the page shows
 */
public record EvaluateConfig(
    @Key(decides = {}) List<String> splits,
    @Key(decides = {}) Optional<String> weights,
    @Key(decides = ANSWERS) int batchSize,
    @Key(decides = ANSWERS) Precision precision,
    @Key(decides = {}) Optional<String> evalCiderCachedTokens,
    @Key(decides = {}) int bootstrapSamples,
    @Key(decides = {}) long bootstrapSeed,
    @Key(decides = {}) int pageExamples) {

  /** Checks every range. */
  public EvaluateConfig {
    splits = List.copyOf(splits);
    AllChecks checks =
        new AllChecks()
            .that("evaluate.splits", splits, !splits.isEmpty(), "at least one split")
            .atLeast("evaluate.batch-size", batchSize, 1)
            .atLeast("evaluate.bootstrap-samples", bootstrapSamples, 0)
            .atLeast("evaluate.page-examples", pageExamples, 0);
    splits.forEach(split -> checks.make(() -> TableConfig.checkSplit("evaluate.splits", split)));
    checks.done();
  }
}
