package org.ofaspark.model;

import org.ofaspark.config.AllChecks;

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
    int embedDim,
    TransformerConfig encoder,
    TransformerConfig decoder,
    ResnetConfig resnet,
    int tokenBucketSize,
    int imageBucketSize,
    double attnScaleFactor,
    int maxSourcePositions,
    int maxTargetPositions,
    double dropout,
    double attentionDropout,
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
