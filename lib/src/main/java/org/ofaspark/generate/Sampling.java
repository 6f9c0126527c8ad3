package org.ofaspark.generate;

import org.ofaspark.config.AllChecks;
import org.ofaspark.config.Text;

/**
 * How tokens are drawn at random, under upstream's words.
 *
 * @param topk draw among so many of the likeliest symbols; 0 for all
 * @param topp draw among the fewest likeliest symbols whose probabilities add up to this; 0 for all
 * @param seed together with an example's id decides its draws
 */
public record Sampling(int topk, double topp, long seed) {

  /** Checks every range. */
  public Sampling {
    new AllChecks()
        .atLeast("generate.sampling-topk", topk, 0)
        .inRange("generate.sampling-topp", topp, 0, 1)
        .that(
            "generate.sampling-topp",
            topp,
            topp == 0 || topk == 0,
            Text.format("0 with sampling-topk = %d", topk))
        .done();
  }
}
