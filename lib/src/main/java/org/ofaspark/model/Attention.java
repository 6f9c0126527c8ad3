package org.ofaspark.model;

import static org.ofaspark.nn.TensorSpec.Initializer.ONES;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.ofaspark.nn.ForwardPass;
import org.ofaspark.nn.Functional;
import org.ofaspark.nn.TensorSpec;
import org.ofaspark.nn.TensorSpec.Role;
import org.ofaspark.tensor.ScriptedOps;

/**
 * Multi-head attention with a bias on its logits and a learned scale for each head.
 *
 * <p>B is the batch, H the heads, D the width of a head, Q and K the positions of queries and keys.
 * Upstream: {@code models/ofa/unify_multihead_attention.py}.
 */
final class Attention {

  private final String prefix;
  private final int heads;
  private final int embedDim;
  private final double attnScaleFactor;
  private final double dropout;

  Attention(String prefix, TransformerConfig stack, OfaConfig config) {
    this.prefix = prefix;
    this.heads = stack.attentionHeads();
    this.embedDim = config.embedDim();
    this.attnScaleFactor = config.attnScaleFactor();
    this.dropout = config.attentionDropout();
  }

  List<TensorSpec> specs() {
    List<TensorSpec> specs = new ArrayList<>();
    specs.add(new TensorSpec(prefix + ".c_attn", new Shape(heads), Role.TRAINABLE, ONES));
    for (String projection : List.of("k_proj", "v_proj", "q_proj", "out_proj")) {
      specs.addAll(Specs.linear(prefix + "." + projection, embedDim, embedDim));
    }
    return specs;
  }

  /** Returns the factor on queries, which keeps logits of word and position parts comparable. */
  static float scale(int embedDim, int heads, double attnScaleFactor) {
    return (float) Math.pow((double) embedDim / heads * attnScaleFactor, -0.5);
  }

  /**
   * Projects queries.
   *
   * @param x shape (B, Q, C)
   * @return scaled, shape (B, H, Q, D)
   */
  NDArray queries(ForwardPass pass, NDArray x) {
    float scale = scale(embedDim, heads, attnScaleFactor);
    return splitHeads(Functional.scale(pass.linear(prefix + ".q_proj", x), scale), heads);
  }

  /**
   * Projects keys.
   *
   * @param x shape (B, K, C)
   * @return shape (B, H, K, D)
   */
  NDArray keys(ForwardPass pass, NDArray x) {
    return splitHeads(pass.linear(prefix + ".k_proj", x), heads);
  }

  /**
   * Projects values.
   *
   * @param x shape (B, K, C)
   * @return shape (B, H, K, D)
   */
  NDArray values(ForwardPass pass, NDArray x) {
    return splitHeads(pass.linear(prefix + ".v_proj", x), heads);
  }

  /**
   * Mixes values by the attention of queries to keys.
   *
   * @param queries shape (B, H, Q, D)
   * @param keys shape (B, H, K, D)
   * @param values shape (B, H, K, D)
   * @param bias added to the logits, shape broadcastable to (B, H, Q, K)
   * @param keyMask 0 for keys to see and negative infinity for others, shape (B, 1, 1, K), or null
   *     if all are seen
   * @return shape (B, Q, C)
   */
  NDArray attend(
      ForwardPass pass,
      NDArray queries,
      NDArray keys,
      NDArray values,
      NDArray bias,
      @Nullable NDArray keyMask) {
    NDArray mixed =
        pass.isTraining()
            ? attendForTraining(pass, queries, keys, values, bias, keyMask)
            : ScriptedOps.attention(
                queries, keys, values, keyMask == null ? bias : bias.add(keyMask));
    Shape shape = mixed.getShape(); // (B, H, Q, D)
    NDArray scaled = mixed.mul(pass.get(prefix + ".c_attn").reshape(1, heads, 1, 1));
    NDArray merged = scaled.transpose(0, 2, 1, 3).reshape(shape.get(0), shape.get(2), embedDim);
    return pass.linear(prefix + ".out_proj", merged);
  }

  private NDArray attendForTraining(
      ForwardPass pass,
      NDArray queries,
      NDArray keys,
      NDArray values,
      NDArray bias,
      @Nullable NDArray keyMask) {
    NDArray products = queries.matMul(keys.transpose(0, 1, 3, 2)); // (B, H, Q, K)
    NDArray logits = pass.float32(products).addi(bias);
    NDArray masked = keyMask == null ? logits : logits.addi(keyMask);
    return pass.dropout(pass.cast(masked.softmax(-1)), dropout).matMul(values);
  }

  /**
   * Splits the last axis into heads.
   *
   * @param x shape (B, T, C)
   * @return shape (B, H, T, D)
   */
  static NDArray splitHeads(NDArray x, int heads) {
    Shape shape = x.getShape();
    return x.reshape(shape.get(0), shape.get(1), heads, shape.get(2) / heads).transpose(0, 2, 1, 3);
  }
}
