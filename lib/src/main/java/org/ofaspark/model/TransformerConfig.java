package org.ofaspark.model;

import static org.ofaspark.config.Key.Product.ANSWERS;
import static org.ofaspark.config.Key.Product.WEIGHTS;

import org.ofaspark.config.AllChecks;
import org.ofaspark.config.Key;

/**
 * One stack of Transformer layers.
 *
 * @param layers number of layers
 * @param attentionHeads number of heads in each attention
 * @param ffnEmbedDim inner width of the feed-forward layers
 * @param dropPathRate rate at which the last layer's residual branches are skipped in training; the
 *     rates of the others grow evenly from 0 at the first
 */
public record TransformerConfig(
    @Key(decides = {WEIGHTS, ANSWERS}) int layers,
    @Key(decides = {WEIGHTS, ANSWERS}) int attentionHeads,
    @Key(decides = {WEIGHTS, ANSWERS}) int ffnEmbedDim,
    @Key(decides = {WEIGHTS, ANSWERS}) double dropPathRate) {

  /** Checks every range. */
  public TransformerConfig {
    new AllChecks()
        .atLeast("layers", layers, 1)
        .atLeast("attention-heads", attentionHeads, 1)
        .atLeast("ffn-embed-dim", ffnEmbedDim, 1)
        .inRange("drop-path-rate", dropPathRate, 0, 0.99)
        .done();
  }

  /**
   * Returns the drop-path rate of a layer.
   *
   * @param layer its number, from 0
   */
  double dropPathRate(int layer) {
    return DropPath.rate(dropPathRate, layer, layers);
  }
}
