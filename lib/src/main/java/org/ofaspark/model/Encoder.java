package org.ofaspark.model;

import static org.ofaspark.nn.TensorSpec.Initializer.EMBEDDING;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.ofaspark.config.Checks;
import org.ofaspark.nn.ForwardPass;
import org.ofaspark.nn.Functional;
import org.ofaspark.nn.TensorSpec;
import org.ofaspark.nn.TensorSpec.Role;
import org.ofaspark.tensor.HostCopy;
import org.ofaspark.tensor.Scope;

/**
 * The Transformer encoder over the patches of an image followed by the words of a text.
 *
 * <p>B is the batch, P the patches, T the words, S = P + T, C the width, H the heads. Upstream:
 * {@code TransformerEncoder} in {@code models/ofa/unify_transformer.py}. Position biases are
 * computed once for the batch, not once a sample, as they are the same for all.
 */
final class Encoder {

  private final OfaConfig config;
  private final TransformerConfig stack;
  private final Resnet resnet;
  private final Tables<Shape> imagePositions; // by height and width
  private final Tables<Shape> imageBuckets;
  private final Tables<Integer> tokenBuckets;

  /**
   * Creates an encoder.
   *
   * @param manager owner of the tables that the encoder keeps
   */
  Encoder(OfaConfig config, NDManager manager) {
    this.config = config;
    this.stack = config.encoder();
    this.resnet = resnet(config);
    int side = config.imageBucketSize();
    this.imagePositions =
        new Tables<>(
            size ->
                HostCopy.of(
                    manager,
                    RelativePositions.imagePositions(side, (int) size.get(0), (int) size.get(1))));
    this.imageBuckets =
        new Tables<>(
            size ->
                HostCopy.of(
                    manager,
                    RelativePositions.imageBuckets(side, (int) size.get(0), (int) size.get(1)),
                    new Shape(size.size(), size.size())));
    this.tokenBuckets =
        new Tables<>(
            length ->
                HostCopy.of(
                    manager,
                    RelativePositions.tokenBuckets(config.tokenBucketSize(), length),
                    new Shape(length, length)));
  }

  private static Resnet resnet(OfaConfig config) {
    return new Resnet("encoder.embed_images", config.resnet());
  }

  private static String layerName(int layer) {
    return "encoder.layers." + layer;
  }

  static List<TensorSpec> specs(OfaConfig config, int vocabularySize) {
    int width = config.embedDim();
    TransformerConfig stack = config.encoder();
    List<TensorSpec> specs = new ArrayList<>();
    specs.add(
        new TensorSpec(
            OfaModel.EMBEDDING,
            new Shape(vocabularySize, width),
            config.freezeEmbedding() ? Role.FROZEN : Role.TRAINABLE,
            EMBEDDING));
    specs.addAll(Specs.layerNorm("encoder.layernorm_embedding", width));
    specs.add(Specs.table("encoder.type_embedding", 2, width));
    specs.addAll(resnet(config).specs());
    specs.addAll(Specs.linear("encoder.image_proj", width, Resnet.OUTPUT_CHANNELS));
    specs.addAll(Specs.layerNorm("encoder.patch_layernorm_embedding", width));
    specs.addAll(Specs.positions("encoder", config.maxSourcePositions(), config));
    specs.addAll(Specs.layerNorm("encoder.pos_ln", width));
    specs.addAll(Specs.layerNorm("encoder.image_pos_ln", width));
    specs.addAll(Specs.linear("encoder.pos_q_linear", width, width));
    specs.addAll(Specs.linear("encoder.pos_k_linear", width, width));
    for (int i = 0; i < stack.layers(); i++) {
      String name = layerName(i);
      specs.addAll(new Attention(name + ".self_attn", stack, config).specs());
      specs.addAll(Specs.layerNorm(name + ".self_attn_layer_norm", width));
      specs.addAll(Specs.linear(name + ".fc1", stack.ffnEmbedDim(), width));
      specs.addAll(Specs.linear(name + ".fc2", width, stack.ffnEmbedDim()));
      specs.addAll(Specs.layerNorm(name + ".attn_ln", width));
      specs.addAll(Specs.layerNorm(name + ".ffn_layernorm", stack.ffnEmbedDim()));
      specs.addAll(Specs.layerNorm(name + ".final_layer_norm", width));
    }
    specs.addAll(Specs.layerNorm("encoder.layer_norm", width));
    specs.addAll(Specs.relativePositionTables("encoder", stack, config));
    return specs;
  }

  /**
   * Encodes a batch.
   *
   * @return arrays owned by the current scope
   */
  EncoderOutput encode(ForwardPass pass, OfaInput input) {
    NDArray patches = // (B, 1024, h, w)
        pass.cast(resnet.forward(pass.inFloat32(), input.patchImages()));
    int height = (int) patches.getShape().get(2);
    int width = (int) patches.getShape().get(3);
    int words = (int) input.sourceTokens().getShape().get(1);
    Checks.inRange(
        "patches along an image's side", Math.max(height, width), 1, config.imageBucketSize());
    Checks.inRange("source length", words, 1, config.maxSourcePositions());

    NDArray positions = Scope.keep(() -> positions(pass, height, width, words)); // (1, S, C)
    NDArray absolute = Scope.keep(() -> absoluteBias(pass, positions)); // (1, H, S, S)
    NDArray buckets = Scope.keep(() -> jointBuckets(height, width, words)); // (S, S)
    NDArray x = Scope.keep(() -> embed(pass, patches, input)); // (B, S, C)
    for (int i = 0; i < stack.layers(); i++) {
      int layer = i;
      NDArray in = x;
      x = Scope.keep(() -> layer(pass, layer, in, absolute, buckets, input.keyMask()));
    }
    return new EncoderOutput(pass.layerNorm("encoder.layer_norm", x), positions, input.keyMask());
  }

  private NDArray embed(ForwardPass pass, NDArray patches, OfaInput input) {
    NDArray types = pass.get("encoder.type_embedding.weight"); // (2, C): word, patch
    NDArray words = Functional.embedding(input.sourceTokens(), pass.get(OfaModel.EMBEDDING));
    words = pass.layerNorm("encoder.layernorm_embedding", words.add(types.get(0)));
    words = pass.dropout(words, config.dropout()); // (B, T, C)

    NDArray image = patches.reshape(patches.getShape().get(0), Resnet.OUTPUT_CHANNELS, -1);
    image = pass.linear("encoder.image_proj", image.transpose(0, 2, 1)).add(types.get(1));
    image = pass.layerNorm("encoder.patch_layernorm_embedding", image);
    image = pass.dropout(image, config.dropout()); // (B, P, C)

    NDArray x = image.concat(words, 1); // (B, S, C)
    NDArray present = input.present();
    return present == null ? x : x.mul(pass.cast(present));
  }

  /** Embeds the positions of patches and words, shape (1, S, C). */
  NDArray positions(ForwardPass pass, int height, int width, int words) {
    NDArray table = pass.get("encoder.embed_image_positions.weight");
    NDArray ids = imagePositions.get(new Shape(height, width));
    NDArray image = pass.layerNorm("encoder.image_pos_ln", Functional.embedding(ids, table));
    NDArray text = pass.get("encoder.embed_positions.weight").get("0:" + words);
    return image.concat(pass.layerNorm("encoder.pos_ln", text), 0).expandDims(0);
  }

  private NDArray absoluteBias(ForwardPass pass, NDArray positions) {
    return PositionBias.absolute(
        pass,
        "encoder.pos_",
        positions,
        positions,
        stack.attentionHeads(),
        config.attnScaleFactor());
  }

  private NDArray jointBuckets(int height, int width, int words) {
    return PositionBias.jointBuckets(
        imageBuckets.get(new Shape(height, width)),
        Tables.corner(tokenBuckets, words),
        RelativePositions.imageBuckets(config.imageBucketSize()),
        RelativePositions.tokenBuckets(config.tokenBucketSize()));
  }

  private NDArray layer(
      ForwardPass pass,
      int layer,
      NDArray x,
      NDArray absolute,
      NDArray buckets,
      @Nullable NDArray keyMask) {
    String name = layerName(layer);
    NDArray table =
        PositionBias.jointTable(
            pass.get("encoder.image_rel_pos_table_list." + layer + ".weight"),
            pass.get("encoder.token_rel_pos_table_list." + layer + ".weight"));
    NDArray bias = absolute.add(PositionBias.relative(buckets, table)); // (1, H, S, S)
    Residual residual = new Residual(pass, config.dropout(), stack.dropPathRate(layer));

    var attention = new Attention(name + ".self_attn", stack, config);
    NDArray a = pass.layerNorm(name + ".self_attn_layer_norm", x);
    a =
        attention.attend(
            pass,
            attention.queries(pass, a),
            attention.keys(pass, a),
            attention.values(pass, a),
            bias,
            keyMask);
    NDArray attended = residual.add(x, pass.layerNorm(name + ".attn_ln", a));
    return residual.add(attended, FeedForward.apply(pass, name, attended));
  }
}
