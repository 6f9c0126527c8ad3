package org.ofaspark.model;

import ai.djl.ndarray.NDArray;
import org.ofaspark.nn.ForwardPass;
import org.ofaspark.nn.Functional;

/** The feed-forward branch of a Transformer layer, normalized before and inside. */
final class FeedForward {

  private FeedForward() {}

  /**
   * Computes the branch, without the residual sum.
   *
   * @param name the layer's name
   * @param x shape (B, T, C)
   * @return shape (B, T, C)
   */
  static NDArray apply(ForwardPass pass, String name, NDArray x) {
    NDArray inner = pass.linear(name + ".fc1", pass.layerNorm(name + ".final_layer_norm", x));
    inner = pass.layerNorm(name + ".ffn_layernorm", Functional.gelu(inner)); // (B, T, F)
    return pass.linear(name + ".fc2", inner);
  }
}
