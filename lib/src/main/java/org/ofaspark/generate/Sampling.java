package org.ofaspark.generate;

import static org.ofaspark.config.Key.Product.ANSWERS;

import org.ofaspark.config.AllChecks;
import org.ofaspark.config.Key;
import org.ofaspark.config.Text;

/**
 * How tokens are drawn at random, under upstream's words.
 *
 * @param isOn whether they are, in place of beam search
 * @param topk draw among so many of the likeliest symbols; 0 for all
 * @param topp draw among the fewest likeliest symbols whose probabilities add up to this; 0 for all
 * @param seed together with an example's id decides its draws
 */
public record Sampling(
    @Key(decides = ANSWERS, name = "sampling") boolean isOn,
    @Key(decides = ANSWERS, name = "sampling-topk") int topk,
    @Key(decides = ANSWERS, name = "sampling-topp") double topp,
    @Key(decides = ANSWERS) long seed) {

  /** Beam search. */
  public static final Sampling OFF = new Sampling(false, 0, 0, 1);

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
