package org.ofaspark.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Checks;
import org.ofaspark.nn.ForwardPass;
import org.ofaspark.nn.Functional;
import org.ofaspark.nn.TensorSpec;
import org.ofaspark.tensor.HostCopy;
import org.ofaspark.tensor.Scope;

/**
 * The Transformer decoder: all target positions at once for training, or one at a time with cached
 * keys and values for generation.
 *
 * <p>B is the batch, N the target positions, S the encoder's positions, C the width, H the heads.
 * Upstream: {@code TransformerDecoder} in {@code models/ofa/unify_transformer.py}. The parameters
 * for image codes exist, as upstream's, and are never used.
 */
final class Decoder {

  private final OfaConfig config;
  private final TransformerConfig stack;
  private final Tables<Integer> tokenBuckets;
  private final Tables<Integer> causalMasks;

  /**
   * Creates a decoder.
   *
   * @param manager owner of the tables that the decoder keeps
   */
  Decoder(OfaConfig config, NDManager manager) {
    this.config = config;
    this.stack = config.decoder();
    this.tokenBuckets =
        new Tables<>(
            length ->
                HostCopy.of(
                    manager,
                    RelativePositions.tokenBuckets(config.tokenBucketSize(), length),
                    new Shape(length, length)));
    this.causalMasks =
        new Tables<>(length -> HostCopy.of(manager, causalMask(length), new Shape(length, length)));
  }

  private static String layerName(int layer) {
    return "decoder.layers." + layer;
  }

  static List<TensorSpec> specs(OfaConfig config) {
    int width = config.embedDim();
    TransformerConfig stack = config.decoder();
    List<TensorSpec> specs = new ArrayList<>();
    specs.addAll(Specs.layerNorm("decoder.layernorm_embedding", width));
    specs.addAll(Specs.positions("decoder", config.maxTargetPositions(), config));
    specs.addAll(Specs.layerNorm("decoder.pos_ln", width));
    specs.addAll(Specs.layerNorm("decoder.image_pos_ln", width));
    specs.addAll(Specs.linear("decoder.self_pos_q_linear", width, width));
    specs.addAll(Specs.linear("decoder.self_pos_k_linear", width, width));
    specs.addAll(Specs.linear("decoder.cross_pos_q_linear", width, width));
    specs.addAll(Specs.linear("decoder.cross_pos_k_linear", width, width));
    specs.addAll(Specs.layerNorm("decoder.code_layernorm_embedding", width));
    for (int i = 0; i < stack.layers(); i++) {
      String name = layerName(i);
      specs.addAll(new Attention(name + ".self_attn", stack, config).specs());
      specs.addAll(Specs.layerNorm(name + ".self_attn_ln", width));
      specs.addAll(Specs.layerNorm(name + ".cross_attn_ln", width));
      specs.addAll(Specs.layerNorm(name + ".self_attn_layer_norm", width));
      specs.addAll(new Attention(name + ".encoder_attn", stack, config).specs());
      specs.addAll(Specs.layerNorm(name + ".encoder_attn_layer_norm", width));
      specs.addAll(Specs.layerNorm(name + ".ffn_layernorm", stack.ffnEmbedDim()));
      specs.addAll(Specs.linear(name + ".fc1", stack.ffnEmbedDim(), width));
      specs.addAll(Specs.linear(name + ".fc2", width, stack.ffnEmbedDim()));
      specs.addAll(Specs.layerNorm(name + ".final_layer_norm", width));
    }
    specs.addAll(Specs.layerNorm("decoder.layer_norm", width));
    specs.addAll(Specs.relativePositionTables("decoder", stack, config));
    return specs;
  }

  /**
   * The biases of all target positions: those of self-attention hide later positions.
   *
   * @param self one a layer, shape (1, H, N, N)
   * @param cross the same for all layers, shape (1, H, N, S)
   */
  record Biases(List<NDArray> self, NDArray cross) {}

  /**
   * Computes the biases of the first target positions.
   *
   * @param encoderPositions shape (1, S, C)
   * @param length N
   * @return arrays owned by the current scope
   */
  Biases biases(ForwardPass pass, NDArray encoderPositions, int length) {
    Checks.inRange("target length", length, 1, config.maxTargetPositions());
    int layers = stack.layers();
    NDList all = Scope.keepAll(() -> allBiases(pass, encoderPositions, length));
    return new Biases(List.copyOf(all.subList(0, layers)), all.get(layers));
  }

  private NDList allBiases(ForwardPass pass, NDArray encoderPositions, int length) {
    NDArray positions = pass.get("decoder.embed_positions.weight").get("0:" + length);
    NDArray normed = pass.layerNorm("decoder.pos_ln", positions).expandDims(0); // (1, N, C)
    NDArray causal = Tables.corner(causalMasks, length);
    NDArray absolute = absolute(pass, "decoder.self_pos_", normed, normed).add(causal);
    NDArray buckets = Tables.corner(tokenBuckets, length);
    NDList biases = new NDList();
    for (int i = 0; i < stack.layers(); i++) {
      NDArray table = pass.get("decoder.token_rel_pos_table_list." + i + ".weight");
      biases.add(absolute.add(PositionBias.relative(buckets, table)));
    }
    biases.add(absolute(pass, "decoder.cross_pos_", normed, encoderPositions));
    return biases;
  }

  private NDArray absolute(ForwardPass pass, String name, NDArray queries, NDArray keys) {
    return PositionBias.absolute(
        pass, name, queries, keys, stack.attentionHeads(), config.attnScaleFactor());
  }

  private static float[] causalMask(int length) {
    float[] mask = new float[length * length];
    for (int query = 0; query < length; query++) {
      for (int key = query + 1; key < length; key++) {
        mask[query * length + key] = Float.NEGATIVE_INFINITY;
      }
    }
    return mask;
  }

  /**
   * Decodes all positions of given targets.
   *
   * @param input the targets, moved one to the right
   * @return shape (B, N, C), owned by the current scope
   */
  NDArray decode(ForwardPass pass, EncoderOutput encoded, DecoderInput input) {
    int length = (int) input.previousOutput().getShape().get(1);
    Biases biases = biases(pass, encoded.positions(), length);
    NDArray x = Scope.keep(() -> embed(pass, input.previousOutput()));
    for (int i = 0; i < stack.layers(); i++) {
      int layer = i;
      NDArray in = x;
      x = Scope.keep(() -> layer(pass, layer, in, encoded, biases, input.keyMask()));
    }
    return pass.layerNorm("decoder.layer_norm", x);
  }

  private NDArray embed(ForwardPass pass, NDArray tokens) {
    NDArray x = Functional.embedding(tokens, pass.get(OfaModel.EMBEDDING));
    return pass.dropout(pass.layerNorm("decoder.layernorm_embedding", x), config.dropout());
  }

  private NDArray layer(
      ForwardPass pass,
      int layer,
      NDArray x,
      EncoderOutput encoded,
      Biases biases,
      @Nullable NDArray keyMask) {
    String name = layerName(layer);
    var self = new Attention(name + ".self_attn", stack, config);
    var cross = new Attention(name + ".encoder_attn", stack, config);
    Residual residual = new Residual(pass, config.dropout(), stack.dropPathRate(layer));

    NDArray s = pass.layerNorm(name + ".self_attn_layer_norm", x);
    s =
        self.attend(
            pass,
            self.queries(pass, s),
            self.keys(pass, s),
            self.values(pass, s),
            biases.self().get(layer),
            keyMask);
    NDArray attended = residual.add(x, pass.layerNorm(name + ".self_attn_ln", s));

    NDArray c = pass.layerNorm(name + ".encoder_attn_layer_norm", attended);
    c =
        cross.attend(
            pass,
            cross.queries(pass, c),
            cross.keys(pass, encoded.features()),
            cross.values(pass, encoded.features()),
            biases.cross(),
            encoded.keyMask());
    NDArray crossed = residual.add(attended, pass.layerNorm(name + ".cross_attn_ln", c));
    return residual.add(crossed, FeedForward.apply(pass, name, crossed));
  }

  /**
   * Computes what generation needs of the encoder once: the cross-attention's keys and values, and
   * the biases of all steps.
   *
   * @param steps most tokens that will be generated
   * @return a state without any token, owned by the current scope
   */
  DecodingState start(ForwardPass pass, EncoderOutput encoded, int steps) {
    Biases biases = biases(pass, encoded.positions(), steps);
    List<NDArray> keys = new ArrayList<>();
    List<NDArray> values = new ArrayList<>();
    for (int i = 0; i < stack.layers(); i++) {
      var cross = new Attention(layerName(i) + ".encoder_attn", stack, config);
      keys.add(Scope.keep(() -> cross.keys(pass, encoded.features()).duplicate()));
      values.add(Scope.keep(() -> cross.values(pass, encoded.features()).duplicate()));
    }
    return new DecodingState(biases, keys, values, encoded.keyMask());
  }

  /**
   * Decodes one more position of every row. Rows are sentence-major: the hypotheses of a sentence
   * follow each other, and share its encoder keys and values.
   *
   * @param tokens the newest token of each row, int64, shape (B x beam)
   * @return shape (B x beam, C), owned by the current scope
   */
  NDArray step(ForwardPass pass, DecodingState state, NDArray tokens) {
    NDList out = Scope.keepAll(() -> stepAll(pass, state, tokens));
    state.advance(out.subList(1, out.size()));
    return out.get(0);
  }

  /** Returns the features, then keys and values of each layer. */
  private NDList stepAll(ForwardPass pass, DecodingState state, NDArray tokens) {
    NDList memory = new NDList();
    NDArray x = embed(pass, tokens.expandDims(1)); // (R, 1, C)
    for (int i = 0; i < stack.layers(); i++) {
      int layer = i;
      NDArray in = x;
      NDList out = Scope.keepAll(() -> stepLayer(pass, layer, in, state));
      x = out.get(0);
      memory.addAll(out.subList(1, 3));
    }
    NDList result = new NDList(pass.layerNorm("decoder.layer_norm", x).squeeze(1));
    result.addAll(memory);
    return result;
  }

  private NDList stepLayer(ForwardPass pass, int layer, NDArray x, DecodingState state) {
    String name = layerName(layer);
    var self = new Attention(name + ".self_attn", stack, config);
    var cross = new Attention(name + ".encoder_attn", stack, config);

    NDArray s = pass.layerNorm(name + ".self_attn_layer_norm", x);
    NDArray keys = state.withEarlierKeys(layer, self.keys(pass, s)); // (R, H, t + 1, D)
    NDArray values = state.withEarlierValues(layer, self.values(pass, s));
    s = self.attend(pass, self.queries(pass, s), keys, values, state.selfBias(layer), null);
    NDArray attended = x.add(pass.layerNorm(name + ".self_attn_ln", s));

    NDArray c = pass.layerNorm(name + ".encoder_attn_layer_norm", attended);
    long rows = c.getShape().get(0);
    long sentences = state.crossKeys(layer).getShape().get(0);
    NDArray beams = c.reshape(sentences, rows / sentences, config.embedDim()); // (B, beam, C)
    c =
        cross.attend(
            pass,
            cross.queries(pass, beams),
            state.crossKeys(layer),
            state.crossValues(layer),
            state.crossBias(),
            state.keyMask());
    c = c.reshape(rows, 1, config.embedDim());
    NDArray crossed = attended.add(pass.layerNorm(name + ".cross_attn_ln", c));
    return new NDList(crossed.add(FeedForward.apply(pass, name, crossed)), keys, values);
  }
}
