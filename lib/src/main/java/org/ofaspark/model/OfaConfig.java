package org.ofaspark.model;

import static org.ofaspark.config.Key.Product.ANSWERS;
import static org.ofaspark.config.Key.Product.TABLE;
import static org.ofaspark.config.Key.Product.WEIGHTS;

import org.ofaspark.config.AllChecks;
import org.ofaspark.config.Group;
import org.ofaspark.config.Key;

/**
 * Sizes and rates of an OFA network. The switches that all of upstream's run scripts set (pre-norm,
 * tied embeddings, scaled heads, attentions and feed-forward layers, type embedding, positions kept
 * apart from words) are the only form there is.
 *
 * @param embedDim width C of encoder and decoder, a multiple of their numbers of heads
 * @param encoder the encoder's layers
 * @param decoder the decoder's layers
 * @param resnet the image patches
 * @param tokenBucketSize buckets of relative word positions on each side
 * @param imageBucketSize patches on a side for which there are position embeddings
 * @param attnScaleFactor logits are divided by the root of this times the head's width
 * @param maxSourcePositions longest source
 * @param maxTargetPositions longest target
 * @param dropout rate of dropout after embeddings and on residual branches
 * @param attentionDropout rate of dropout on attention probabilities
 * @param freezeEmbedding keep the embedding matrix, and with it the output projection, as it is:
 *     upstream's freeze-encoder-embedding or freeze-decoder-embedding, which mean the same as the
 *     matrix is one
 */
public record OfaConfig(
    @Key(
            decides = {WEIGHTS, ANSWERS},
            name = "encoder-embed-dim")
        int embedDim,
    @Group("encoder-") TransformerConfig encoder,
    @Group("decoder-") TransformerConfig decoder,
    @Group("") ResnetConfig resnet,
    @Key(decides = {WEIGHTS, ANSWERS}) int tokenBucketSize,
    @Key(decides = {WEIGHTS, ANSWERS}) int imageBucketSize,
    @Key(decides = {WEIGHTS, ANSWERS}) double attnScaleFactor,
    @Key(decides = {TABLE, WEIGHTS, ANSWERS}) int maxSourcePositions,
    @Key(decides = {TABLE, WEIGHTS, ANSWERS}) int maxTargetPositions,
    @Key(decides = {WEIGHTS, ANSWERS}) double dropout,
    @Key(decides = {WEIGHTS, ANSWERS}) double attentionDropout,
    @Key(
            name = "freeze-encoder-embedding",
            or = "freeze-decoder-embedding",
            decides = {WEIGHTS, ANSWERS})
        boolean freezeEmbedding) {

  /** Checks every range. */
  public OfaConfig {
    new AllChecks()
        .atLeast("model.encoder-embed-dim", embedDim, 1)
        .divides("model.encoder-attention-heads", encoder.attentionHeads(), Math.max(0, embedDim))
        .divides("model.decoder-attention-heads", decoder.attentionHeads(), Math.max(0, embedDim))
        .atLeast("model.token-bucket-size", tokenBucketSize, 4)
        .atLeast("model.image-bucket-size", imageBucketSize, 1)
        .that("model.attn-scale-factor", attnScaleFactor, attnScaleFactor > 0, "a number above 0")
        .inRange("model.max-source-positions", maxSourcePositions, 1, 1024)
        .inRange("model.max-target-positions", maxTargetPositions, 1, 1024)
        .inRange("model.dropout", dropout, 0, 0.99)
        .inRange("model.attention-dropout", attentionDropout, 0, 0.99)
        .done();
  }
}
